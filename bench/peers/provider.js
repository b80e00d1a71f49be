// oidc-provider as a sign-in service of the same shape as ours: no consent screen, pairwise subjects, PKCE, RS256 id
// tokens, opaque access tokens, rotating refresh tokens. Clients and people are constants, so it reads neither from a database.
//
// Settings from the environment: PORT, CLIENTS (JSON: [{client_id, client_secret, redirect_uris}]) and, to keep what it
// issues in PostgreSQL, PGSOCKET and PGDATABASE.

import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';

import Provider from 'oidc-provider';

import { memoryAdapter, postgresAdapter } from './adapters.js';

const { PORT, CLIENTS, PGSOCKET, PGDATABASE } = process.env;
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const signingKey = { ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid: 'bench' };

async function loadExistingGrant(ctx) {
  const { session, client, provider } = ctx.oidc;
  const grantId = session.grantIdFor(client.clientId);
  if (grantId) return provider.Grant.find(grantId);
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid');
  await grant.save();
  return grant;
}

const provider = new Provider(`http://localhost:${PORT}`, {
  adapter: PGSOCKET ? await postgresAdapter(PGSOCKET, PGDATABASE) : memoryAdapter(),
  clients: JSON.parse(CLIENTS).map((client) => ({
    ...client,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
    subject_type: 'pairwise',
  })),
  claims: { openid: ['sub', 'uniid', 'aktoer_gruppe', 'institution_ids', 'loa'] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  features: { devInteractions: { enabled: false } },
  findAccount: (ctx, accountId) => ({
    accountId,
    claims: () => ({
      sub: accountId, uniid: accountId, aktoer_gruppe: 'Elev', institution_ids: ['999001'], loa: 'EnFaktor',
    }),
  }),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  issueRefreshToken: () => true,
  jwks: { keys: [signingKey] },
  loadExistingGrant,
  pairwiseIdentifier: (ctx, accountId, client) => (
    createHash('sha256').update(`bench ${accountId} ${client.sectorIdentifier}`).digest('hex')
  ),
  pkce: { required: () => true },
  rotateRefreshToken: true,
  subjectTypes: ['pairwise'],
  ttl: {
    AccessToken: 300, AuthorizationCode: 60, Grant: 28800, IdToken: 300, Interaction: 600, RefreshToken: 1799, Session: 28800,
  },
});

// Signing in is not what is measured: whoever the login hint names is let in.
provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  const { params } = await provider.interactionDetails(ctx.req, ctx.res);
  await provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: params.login_hint } });
  ctx.respond = false;
  return undefined;
});

provider.on('server_error', (ctx, error) => console.error(error));
provider.on('grant.error', (ctx, error) => console.error(error.error_detail));
provider.listen(PORT, '127.0.0.1');
