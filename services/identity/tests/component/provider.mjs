// A certified OpenID Connect provider for the tests: node provider.mjs PORT REDIRECT_URI
// OIDC_PROVIDER names the installed library's index.js. Whoever signs in as "x" has the address x@aurora.example,
// verified unless their name begins with "unverified"; what begins with "alias-" has the address of the rest.
const [port, redirectUri] = process.argv.slice(2);
const { Provider } = await import(process.env.OIDC_PROVIDER);

const client = {
  redirect_uris: [redirectUri],
  grant_types: ['authorization_code'],
  response_types: ['code'],
};

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    { ...client, client_id: 'optima', client_secret: 'a secret: with/odd+signs', token_endpoint_auth_method: 'client_secret_basic' },
    { ...client, client_id: 'public', token_endpoint_auth_method: 'none' },
  ],
  pkce: { required: () => true },
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: async () => ({
      sub: id,
      email: `${id.replace(/^(alias|unverified)-/, '')}@aurora.example`,
      email_verified: !id.startsWith('unverified'),
    }),
  }),
  features: { devInteractions: { enabled: true } },
});

provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));
