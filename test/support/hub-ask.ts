/** Asks a running hub's API with its own token. Throws with the answer's status where it refuses. */
export type Ask = <T>(method: 'GET' | 'POST', path: string, body?: unknown) => Promise<T>;

export const askAt =
  (url: string, token: string): Ask =>
  async <T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 200)}`);
    return JSON.parse(text) as T;
  };
