// A service built with openid-client (npm): goes the whole way and says on standard output, line by line, what it got.
// Arguments: issuer, client id, client secret ("" for a public client), authentication method, redirect URI,
// post-logout redirect URI. It reads one line from standard input: the address the browser came back to.
import { createInterface } from 'node:readline/promises'
import * as client from 'openid-client'

const [issuer, clientId, secret, method, redirectUri, signedOut] = process.argv.slice(2)
const methods = {
  client_secret_basic: () => client.ClientSecretBasic(secret),
  client_secret_post: () => client.ClientSecretPost(secret),
  none: () => client.None(),
}
const say = (step, found) => console.log(JSON.stringify({ step, ...found }))

const config = await client.discovery(
  new URL(issuer),
  clientId,
  { redirect_uris: [redirectUri], id_token_signed_response_alg: 'RS256', require_auth_time: true },
  methods[method](),
  { execute: [client.allowInsecureRequests] }, // plain http on this machine
)

const verifier = client.randomPKCECodeVerifier()
const state = client.randomState()
const nonce = client.randomNonce()
const address = client.buildAuthorizationUrl(config, {
  redirect_uri: redirectUri,
  scope: 'openid',
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
  max_age: '3600',
})
say('authorize', { url: address.href })

const cameBack = new URL(await createInterface({ input: process.stdin }).question(''))
const tokens = await client.authorizationCodeGrant(config, cameBack, {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
  maxAge: 3600,
})
say('tokens', { claims: tokens.claims(), expiresIn: tokens.expiresIn() })

say('userinfo', { claims: await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub) })

const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)
say('refresh', { claims: refreshed.claims() })

if (method !== 'none') {
  const live = await client.tokenIntrospection(config, refreshed.access_token)
  say('introspection', { active: live.active, uniid: live.uniid })
}

await client.tokenRevocation(config, refreshed.refresh_token)
say('revocation', {})

const refused = await client.fetchUserInfo(config, refreshed.access_token, tokens.claims().sub).catch((error) => error)
say('userinfo after revocation', { error: refused.code })

const logout = client.buildEndSessionUrl(config, {
  id_token_hint: refreshed.id_token,
  post_logout_redirect_uri: signedOut,
  state,
})
say('logout', { url: logout.href, back: `${signedOut}?state=${state}` })
process.exit(0)
