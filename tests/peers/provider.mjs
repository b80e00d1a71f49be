// oidc-provider as a MitID broker: claims with plain names, the number at the userinfo endpoint only. A stranger to our code.
//
// Settings from the environment: PORT, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, AUTH_METHOD, and PEOPLE (JSON: account → claims).
// GET /interaction/{uid}?account=… lets somebody in, ?abort=1 is somebody who changes their mind.

import { randomBytes } from 'node:crypto';

import Provider from 'oidc-provider';

const { PORT, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, AUTH_METHOD, PEOPLE } = process.env;
const people = JSON.parse(PEOPLE);
const SUBSTANTIAL = 'https://data.gov.dk/concept/core/nsis/loa/Substantial';

async function loadExistingGrant(ctx) {
  const { session, client, provider } = ctx.oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid mitid');
  await grant.save();
  return grant;
}

const provider = new Provider(`http://localhost:${PORT}`, {
  acrValues: [SUBSTANTIAL],
  claims: { openid: ['sub'], mitid: ['cpr', 'uuid', 'age', 'cvr', 'rights'], acr: null, auth_time: null },
  scopes: ['openid', 'mitid'],
  clients: [{
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: AUTH_METHOD,
    require_auth_time: true,
  }],
  clientAuthMethods: [AUTH_METHOD],
  cookies: { keys: [randomBytes(32).toString('hex')] },
  features: { devInteractions: { enabled: false } },
  findAccount: (ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId, ...people[accountId] }) }),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  loadExistingGrant,
  pkce: { required: () => true },
});

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  const { account, abort } = ctx.query;
  if (!account && !abort) {
    ctx.body = 'who are you?';
    return undefined;
  }
  const result = abort
    ? { error: 'access_denied', error_description: 'mitid_user_aborted' }
    : { login: { accountId: account, acr: SUBSTANTIAL, amr: ['code_app'] } };
  await provider.interactionFinished(ctx.req, ctx.res, result);
  ctx.respond = false;
  return undefined;
});

provider.on('server_error', (ctx, error) => console.error(error));
provider.on('grant.error', (ctx, error) => console.error(error.error_detail ?? error.message));
provider.listen(PORT, '127.0.0.1', () => console.log('ready'));
