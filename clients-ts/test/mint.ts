/** JSON Web Tokens for the apps under test. */
import { createHmac } from 'node:crypto';

/** A token with these claims, good for so many seconds. */
export function mint(secret: string, claims: object, seconds = 600): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const all = { sub: 'user-1', exp: Date.now() / 1000 + seconds, ...claims };
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(all)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
