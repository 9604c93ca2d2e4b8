// Talking to the ledger: where an event goes, and handing it in.

/** A refusal the server explained (RFC 9457): `code` is stable, `status` is HTTP's. */
export class Refused extends Error {
  constructor(problem) {
    super(problem.code);
    this.code = problem.code;
    this.status = problem.status;
    this.detail = problem.detail;
  }
}

/** Nobody can say whether it arrived: hand in the very same bytes again, and it is appended once. */
export class Unsure extends Error {}

/** A request of this site to itself; answers what the JSON says, throws `Refused` or `Unsure`. */
export async function call(method, path, body, type = "application/json") {
  let answer;
  try {
    const headers = { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": type }) };
    const plain = body === undefined || typeof body === "string" || body instanceof Blob;
    const text = plain ? body : JSON.stringify(body);
    answer = await fetch(path, { method, headers, body: text, credentials: "same-origin", redirect: "error" });
  } catch {
    throw new Unsure("no answer");
  }
  const json = await answer.json().catch(() => null);
  if (answer.ok) return json;
  if (answer.status === 429 || answer.status >= 500) throw new Unsure(String(answer.status));
  throw new Refused(json?.code ? json : { code: "unknown", status: answer.status });
}

/**
 * Where the next event of a stream goes: `{payload, since}`. `since` are the events at `from` and after it,
 * `{seq, type, agency, officer, received}`: what happened while someone was writing.
 */
export function next(stream, from) {
  const query = from === undefined ? "" : `?from=${from}`;
  return call("GET", `/desk/streams/${encodeURIComponent(stream)}/next${query}`);
}

/** Hands in an SD-JWT; answers the receipt `{index, received, jti, proof}`. */
export const append = (sdJwt) => call("POST", "/v1/events", sdJwt, "application/sd-jwt");
