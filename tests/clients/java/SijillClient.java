import java.math.BigInteger;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.*;
import java.security.spec.*;
import java.time.Duration;
import java.util.*;

/**
 * An agency's client on the plain JDK 17: gets a token and a payload, signs the event, posts it, and believes the
 * ledger only after the receipt has proved the event to be in the log.
 *
 * <pre>java SijillClient.java append --url U --key FILE --stream S --type T --data JSON
 *     [--disclose class:name=JSON ...] [--occurred DATE-TIME] --log-key VKEY</pre>
 *
 * Prints the receipt, exit status 0; or what went wrong, exit status 1. The formats: docs/ledger-format.md.
 */
public class SijillClient {
    static final Base64.Encoder B64URL = Base64.getUrlEncoder().withoutPadding();
    static final SecureRandom RANDOM = new SecureRandom();
    static final HttpClient HTTP = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(20)).build();

    public static void main(String[] args) {
        try {
            System.out.println(Json.write(run(args)));
        } catch (Exception error) {
            System.err.println(error instanceof Refused ? error.getMessage() : error.toString());
            System.exit(1);
        }
    }

    static Map<String, Object> run(String[] args) throws Exception {
        if (args.length == 0 || !args[0].equals("append")) {
            throw new Refused("usage: SijillClient append --url U --key FILE --stream S --type T --data JSON --log-key VKEY");
        }
        Map<String, String> given = new LinkedHashMap<>();
        List<String> disclose = new ArrayList<>();
        for (int i = 1; i < args.length; i += 2) {
            if (!args[i].startsWith("--") || i + 1 == args.length) throw new Refused("not an option with a value: " + args[i]);
            if (args[i].equals("--disclose")) disclose.add(args[i + 1]);
            else given.put(args[i].substring(2), args[i + 1]);
        }
        for (String name : List.of("url", "key", "stream", "type", "data", "log-key")) {
            if (!given.containsKey(name)) throw new Refused("--" + name + " is missing");
        }
        Key key = Key.load(Path.of(given.get("key")));
        LogKey log = LogKey.parse(given.get("log-key"));
        String token = token(given.get("url"), key, log.name);
        Map<String, Object> payload = next(given.get("url"), key, log.name, token, given.get("stream"));
        payload.put("type", given.get("type"));
        payload.put("data", Json.object(Json.parse(given.get("data"))));
        if (given.containsKey("occurred")) payload.put("occurred", given.get("occurred"));
        String event = sign(key, payload, disclose);
        Map<String, Object> receipt = Json.object(call(request(given.get("url") + "/v1/events")
                .header("Content-Type", "application/sd-jwt").POST(body(event))));
        checkReceipt(receipt, event.substring(0, event.indexOf('~')), log);
        return receipt;
    }

    // --- the ledger's HTTP API ---

    static String token(String url, Key key, String origin) throws Exception {
        long now = System.currentTimeMillis() / 1000;
        String who = key.agency + "/" + key.officer;
        String assertion = key.jws("JWT", Json.members("iss", who, "sub", who, "aud", origin,
                "jti", UUID.randomUUID().toString(), "iat", now, "exp", now + 120));
        String form = "grant_type=client_credentials&client_assertion_type="
                + encoded("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") + "&client_assertion=" + encoded(assertion);
        Object answer = call(request(url + "/oauth/token")
                .header("Content-Type", "application/x-www-form-urlencoded").POST(body(form)));
        return Json.text(answer, "access_token");
    }

    /** The unsigned payload for our next event; one that speaks for anyone else is not signed. */
    static Map<String, Object> next(String url, Key key, String origin, String token, String stream) throws Exception {
        Object answer = call(request(url + "/v1/streams/" + encoded(stream) + "/next")
                .header("Authorization", "Bearer " + token).GET());
        Map<String, Object> payload = Json.object(Json.object(answer).get("payload"));
        Map<String, Object> ours = Json.members("iss", key.agency, "sub", key.officer, "aud", origin, "stream", stream);
        if (!payload.entrySet().containsAll(ours.entrySet())) throw new Refused("the ledger offers a payload that is not ours to sign");
        return payload;
    }

    static HttpRequest.Builder request(String url) {
        return HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(60));
    }

    static HttpRequest.BodyPublisher body(String text) {
        return HttpRequest.BodyPublishers.ofString(text);
    }

    static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    static Object call(HttpRequest.Builder request) throws Exception {
        HttpResponse<String> answer = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() / 100 != 2) throw new Refused(answer.statusCode() + " " + answer.body());
        return Json.parse(answer.body());
    }

    // --- the event ---

    /** Signs the payload with the disclosures (class:name=JSON) hidden in its data; returns an SD-JWT. */
    static String sign(Key key, Map<String, Object> payload, List<String> disclose) throws Exception {
        Map<String, TreeSet<String>> digests = new LinkedHashMap<>(); // sorted, so that their order tells nothing
        StringBuilder delivered = new StringBuilder("~");
        for (String one : disclose) {
            String[] where = one.split("=", 2), name = where[0].split(":", 2);
            if (where.length < 2 || name.length < 2) throw new Refused("not class:name=JSON: " + one);
            byte[] salt = new byte[16];
            RANDOM.nextBytes(salt);
            List<Object> array = Arrays.asList(B64URL.encodeToString(salt), name[1], Json.parse(where[1]));
            String disclosure = B64URL.encodeToString(utf8(Json.write(array)));
            digests.computeIfAbsent(name[0], group -> new TreeSet<>()).add(B64URL.encodeToString(sha256(utf8(disclosure))));
            delivered.append(disclosure).append('~');
        }
        Map<String, Object> data = Json.object(payload.get("data"));
        digests.forEach((group, own) -> data.put(group, Json.members("_sd", new ArrayList<Object>(own))));
        return key.jws("case-event+sd-jwt", payload) + delivered;
    }

    /** A signer's key file: a private JWK with `agency` and `officer`. */
    record Key(String agency, String officer, String kid, PrivateKey secret) {
        static Key load(Path path) throws Exception {
            Object jwk = Json.parse(Files.readString(path));
            String x = Json.text(jwk, "x");
            String kid = B64URL.encodeToString(sha256(utf8("{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"" + x + "\"}"))); // RFC 7638
            PrivateKey secret = KeyFactory.getInstance("Ed25519").generatePrivate(
                    new EdECPrivateKeySpec(NamedParameterSpec.ED25519, Base64.getUrlDecoder().decode(Json.text(jwk, "d"))));
            return new Key(Json.text(jwk, "agency"), Json.text(jwk, "officer"), kid, secret);
        }

        String jws(String typ, Map<String, Object> payload) throws GeneralSecurityException {
            String header = Json.write(Json.members("alg", "Ed25519", "typ", typ, "kid", kid));
            String text = B64URL.encodeToString(utf8(header)) + "." + B64URL.encodeToString(utf8(Json.write(payload)));
            Signature signer = Signature.getInstance("Ed25519");
            signer.initSign(secret);
            signer.update(utf8(text));
            return text + "." + B64URL.encodeToString(signer.sign());
        }
    }

    // --- the receipt: C2SP signed-note, tlog-checkpoint, tlog-proof ---

    record LogKey(String name, byte[] id, PublicKey key) {
        /** Parses a verifier key, name+id+base64(0x01 ‖ public key). */
        static LogKey parse(String vkey) throws GeneralSecurityException {
            String[] parts = vkey.split("\\+", 3);
            byte[] typed = parts.length == 3 ? Base64.getDecoder().decode(parts[2]) : new byte[0];
            if (typed.length != 33 || typed[0] != 1) throw new Refused("not the verifier key of a log");
            byte[] id = Arrays.copyOf(sha256(utf8(parts[0] + "\n"), typed), 4);
            if (!HexFormat.of().formatHex(id).equals(parts[1])) throw new Refused("the verifier key's id is wrong");
            byte[] reversed = new byte[32];
            for (int i = 0; i < 32; i++) reversed[i] = typed[32 - i];
            boolean odd = (reversed[0] & 0x80) != 0;
            reversed[0] &= 0x7f;
            PublicKey key = KeyFactory.getInstance("Ed25519").generatePublic(
                    new EdECPublicKeySpec(NamedParameterSpec.ED25519, new EdECPoint(odd, new BigInteger(1, reversed))));
            return new LogKey(parts[0], id, key);
        }

        /** Whether this key signed the note: one line of its own, and that right. */
        boolean signed(String text, String lines) throws GeneralSecurityException {
            List<byte[]> own = new ArrayList<>();
            for (String line : lines.split("\n")) {
                String[] words = line.split(" ");
                if (words.length != 3 || !words[0].equals("\u2014")) throw new Refused("a signature line is malformed");
                byte[] signature = Base64.getDecoder().decode(words[2]);
                if (words[1].equals(name) && Arrays.equals(Arrays.copyOf(signature, 4), id)) own.add(signature);
            }
            if (own.size() != 1 || own.get(0).length != 68) return false;
            Signature verifier = Signature.getInstance("Ed25519");
            verifier.initVerify(key);
            verifier.update(utf8(text));
            return verifier.verify(own.get(0), 4, 64);
        }
    }

    /** Throws unless the receipt proves, under the log's key, that the ledger took in exactly this JWT. */
    static void checkReceipt(Map<String, Object> receipt, String jwt, LogKey log) throws GeneralSecurityException {
        String proof = Json.text(receipt, "proof");
        int blank = proof.indexOf("\n\n"), last = proof.lastIndexOf("\n\n");
        if (blank < 0 || last <= blank) throw new Refused("not a tlog-proof");
        List<String> head = new ArrayList<>(List.of(proof.substring(0, blank).split("\n")));
        if (!head.remove(0).equals("c2sp.org/tlog-proof@v1")) throw new Refused("not a tlog-proof");
        if (!head.isEmpty() && head.get(0).startsWith("extra ")) head.remove(0);
        String text = proof.substring(blank + 2, last + 1);
        String[] lines = text.split("\n", -1);
        if (lines.length != 4 || !lines[0].equals(log.name)) throw new Refused("not a checkpoint of this log");
        if (!log.signed(text, proof.substring(last + 2))) throw new Refused("the checkpoint is not signed by this log");
        long index = Json.number(receipt, "index"), size = Long.parseLong(lines[1]);
        if (head.isEmpty() || !head.remove(0).equals("index " + index)) throw new Refused("the proof is of another index");
        byte[] leaf = sha256(new byte[] {0}, utf8(Json.number(receipt, "received") + " " + jwt));
        if (!Arrays.equals(rootFrom(leaf, index, size, head), Base64.getDecoder().decode(lines[2]))) {
            throw new Refused("the proof does not lead from the event to the checkpoint's root");
        }
    }

    /** RFC 9162 §2.1.3.2. */
    static byte[] rootFrom(byte[] leaf, long index, long size, List<String> hashes) {
        if (index < 0 || index >= size) throw new Refused("the index is not below the size");
        byte[] node = leaf;
        int used = 0;
        for (long last = size - 1; last > 0; last >>= 1, index >>= 1) {
            if ((index & 1) == 0 && index == last) continue;
            if (used == hashes.size()) throw new Refused("the proof is too short");
            byte[] sibling = Base64.getDecoder().decode(hashes.get(used++));
            node = (index & 1) == 1 ? sha256(new byte[] {1}, sibling, node) : sha256(new byte[] {1}, node, sibling);
        }
        if (used != hashes.size()) throw new Refused("the proof is too long");
        return node;
    }

    // --- bytes ---

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] sha256(byte[]... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (byte[] part : parts) digest.update(part);
            return digest.digest();
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException(error); // every JDK has SHA-256
        }
    }

    static class Refused extends RuntimeException {
        Refused(String message) {
            super(message);
        }
    }

    /** JSON as the ledger uses it: integers only, no member twice. Objects are maps in order, arrays lists. */
    static final class Json {
        private final String text;
        private int at;

        private Json(String text) {
            this.text = text;
        }

        static Object parse(String text) {
            Json reader = new Json(text);
            Object value = reader.value(0);
            reader.space();
            if (reader.at != text.length()) throw reader.wrong();
            return value;
        }

        static Map<String, Object> members(Object... namesAndValues) {
            Map<String, Object> map = new LinkedHashMap<>();
            for (int i = 0; i < namesAndValues.length; i += 2) map.put((String) namesAndValues[i], namesAndValues[i + 1]);
            return map;
        }

        @SuppressWarnings("unchecked")
        static Map<String, Object> object(Object value) {
            if (value instanceof Map) return (Map<String, Object>) value;
            throw new Refused("not a JSON object");
        }

        static String text(Object object, String name) {
            if (object(object).get(name) instanceof String found) return found;
            throw new Refused(name + " is not a string");
        }

        static long number(Object object, String name) {
            if (object(object).get(name) instanceof Long found) return found;
            throw new Refused(name + " is not an integer");
        }

        private Refused wrong() {
            return new Refused("not JSON, at character " + at);
        }

        private void space() {
            while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
        }

        private boolean take(String expected) {
            space();
            if (!text.startsWith(expected, at)) return false;
            at += expected.length();
            return true;
        }

        private Object value(int depth) {
            if (depth > 16) throw new Refused("JSON nested too deeply");
            if (take("{")) {
                Map<String, Object> map = new LinkedHashMap<>();
                for (boolean first = true; !take("}"); first = false) {
                    if (!first && !take(",") || !take("\"")) throw wrong();
                    String name = string();
                    if (!take(":") || map.containsKey(name)) throw wrong();
                    map.put(name, value(depth + 1));
                }
                return map;
            }
            if (take("[")) {
                List<Object> list = new ArrayList<>();
                for (boolean first = true; !take("]"); first = false) {
                    if (!first && !take(",")) throw wrong();
                    list.add(value(depth + 1));
                }
                return list;
            }
            if (take("\"")) return string();
            if (take("true")) return true;
            if (take("false")) return false;
            if (take("null")) return null;
            int start = at;
            while (at < text.length() && "-0123456789.eE+".indexOf(text.charAt(at)) >= 0) at++;
            String number = text.substring(start, at);
            if (!number.matches("0|-?[1-9][0-9]{0,15}")) throw wrong();
            return Long.valueOf(number);
        }

        private String string() {
            StringBuilder read = new StringBuilder();
            while (at < text.length()) {
                char c = text.charAt(at++);
                if (c == '"') return read.toString();
                if (c < ' ') throw wrong();
                if (c != '\\') {
                    read.append(c);
                    continue;
                }
                if (at == text.length()) throw wrong();
                char escape = text.charAt(at++);
                int plain = "\"\\/bfnrt".indexOf(escape);
                if (plain >= 0) {
                    read.append("\"\\/\b\f\n\r\t".charAt(plain));
                } else if (escape == 'u' && text.substring(at, Math.min(at + 4, text.length())).matches("[0-9a-fA-F]{4}")) {
                    read.append((char) Integer.parseInt(text.substring(at, at + 4), 16));
                    at += 4;
                } else {
                    throw wrong();
                }
            }
            throw wrong();
        }

        static String write(Object value) {
            StringBuilder out = new StringBuilder();
            write(value, out);
            return out.toString();
        }

        private static void write(Object value, StringBuilder out) {
            String separator = "";
            if (value instanceof Map<?, ?> map) {
                out.append('{');
                for (Map.Entry<?, ?> member : map.entrySet()) {
                    out.append(separator);
                    write(member.getKey(), out);
                    out.append(':');
                    write(member.getValue(), out);
                    separator = ",";
                }
                out.append('}');
            } else if (value instanceof List<?> list) {
                out.append('[');
                for (Object item : list) {
                    out.append(separator);
                    write(item, out);
                    separator = ",";
                }
                out.append(']');
            } else if (value instanceof String string) {
                out.append('"');
                string.chars().forEach(c -> out.append(c == '"' || c == '\\' ? "\\" + (char) c
                        : c < ' ' ? String.format("\\u%04x", c) : String.valueOf((char) c)));
                out.append('"');
            } else {
                out.append(value);
            }
        }
    }
}
