// Where oidc-provider keeps sessions, grants, codes and tokens: in PostgreSQL, or nowhere but in this process.

import pg from 'pg';

const TABLE = `
  create table if not exists oidc_peer (
    kind        text not null,
    id          text not null,
    payload     jsonb not null,
    grant_id    text,
    uid         text,
    expires_at  timestamptz,
    consumed_at timestamptz,
    primary key (kind, id)
  );
  create index if not exists oidc_peer_by_grant on oidc_peer (grant_id) where grant_id is not null;
  create index if not exists oidc_peer_by_uid on oidc_peer (uid) where uid is not null;
`;

// Named statements are prepared once a connection, as a careful operator would have it.
const statement = (name, text) => (values) => ({ name, text, values });
const UPSERT = statement(
  'upsert',
  `insert into oidc_peer (kind, id, payload, grant_id, uid, expires_at)
   values ($1, $2, $3, $4, $5, now() + $6 * interval '1 second')
   on conflict (kind, id) do update set payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid,
     expires_at = excluded.expires_at`,
);
const COLUMNS = 'select payload, consumed_at from oidc_peer where';
const ALIVE = '(expires_at is null or expires_at > now())';
const FIND = statement('find', `${COLUMNS} kind = $1 and id = $2 and ${ALIVE}`);
const FIND_BY_UID = statement('find_by_uid', `${COLUMNS} kind = $1 and uid = $2 and ${ALIVE}`);
const CONSUME = statement('consume', 'update oidc_peer set consumed_at = now() where kind = $1 and id = $2');
const DESTROY = statement('destroy', 'delete from oidc_peer where kind = $1 and id = $2');
const REVOKE = statement('revoke', 'delete from oidc_peer where grant_id = $1');

function found({ rows: [row] }) {
  if (!row) return undefined;
  return row.consumed_at ? { ...row.payload, consumed: Math.floor(row.consumed_at / 1000) } : row.payload;
}

export async function postgresAdapter(socket, database) {
  const pool = new pg.Pool({ host: socket, database, user: 'unilogin', max: 8, min: 2 });
  await pool.query(TABLE);
  return class {
    constructor(kind) {
      this.kind = kind;
    }

    upsert(id, payload, expiresIn) {
      return pool.query(UPSERT([this.kind, id, payload, payload.grantId, payload.uid, expiresIn]));
    }

    async find(id) {
      return found(await pool.query(FIND([this.kind, id])));
    }

    async findByUid(uid) {
      return found(await pool.query(FIND_BY_UID([this.kind, uid])));
    }

    consume(id) {
      return pool.query(CONSUME([this.kind, id]));
    }

    destroy(id) {
      return pool.query(DESTROY([this.kind, id]));
    }

    revokeByGrantId(grantId) {
      return pool.query(REVOKE([grantId]));
    }
  };
}

// oidc-provider's own in-memory adapter forgets after a thousand entries; this one is as plain and forgets nothing.
export function memoryAdapter() {
  const kept = new Map();
  const byUid = new Map();
  return class {
    constructor(kind) {
      this.kind = kind;
    }

    async upsert(id, payload) {
      kept.set(`${this.kind}:${id}`, payload);
      if (payload.uid) byUid.set(payload.uid, id);
    }

    async find(id) {
      return kept.get(`${this.kind}:${id}`);
    }

    async findByUid(uid) {
      return this.find(byUid.get(uid));
    }

    async consume(id) {
      kept.get(`${this.kind}:${id}`).consumed = Math.floor(Date.now() / 1000);
    }

    async destroy(id) {
      kept.delete(`${this.kind}:${id}`);
    }

    async revokeByGrantId(grantId) {
      for (const [key, payload] of kept) if (payload.grantId === grantId) kept.delete(key);
    }
  };
}
