/* vectors/messages.json: domains, session ids, digests, signatures, signatures to refuse. */
#include "vectors.h"

static fabstir_domain domain(row at) {
    fabstir_domain domain = {number(at, "chain_id"), address(at, "market")};
    return domain;
}

static fabstir_terms terms(row at) {
    fabstir_terms terms;
    memset(&terms, 0, sizeof terms);
    terms.renter = address(at, "renter");
    terms.host = address(at, "host");
    terms.host_signer = address(at, "host_signer");
    terms.voucher_signer = address(at, "voucher_signer");
    terms.token = address(at, "token");
    terms.model_id = hash(at, "model_id");
    terms.input_price = amount(at, "input_price");
    terms.output_price = amount(at, "output_price");
    terms.expires_at = number(at, "expires_at");
    terms.grace = (uint32_t)number(at, "grace");
    terms.fee_bps = (uint16_t)number(at, "fee_bps");
    terms.cancel_bps = (uint16_t)number(at, "cancel_bps");
    terms.proof_cap = amount(at, "proof_cap");
    terms.salt = id_of(string(at, "salt"));
    return terms;
}

/* Digest, signature, recovery and verification of one message. */
static void check_signed(row at, const fabstir_hash *digest) {
    fabstir_hash expected = hash(at, "digest"), secret = hash(at, "private_key");
    fabstir_signature signature, known;
    fabstir_address signer = address(at, "signer"), found, nobody = {{0}};
    fabstir_key *key = NULL;
    SAME(*digest, expected);
    CHECK(bytes_of(string(at, "signature"), known.bytes, sizeof known.bytes) == sizeof known.bytes);
    OK(fabstir_key_new(&secret, &key));
    OK(fabstir_key_sign(key, digest, &signature));
    SAME(signature, known);
    OK(fabstir_key_address(key, &found));
    SAME(found, signer);
    OK(fabstir_signature_recover(digest, &signature, &found));
    SAME(found, signer);
    OK(fabstir_signature_verify(digest, &signature, &signer));
    REFUSED(fabstir_signature_verify(digest, &signature, &nobody), WRONG_SIGNER);
    fabstir_key_free(key);
}

/* One message type: `fill` names the fields beyond the domain. */
#define GROUP(type, ...)                                                                                               \
    static void type##s(const json_t *group) {                                                                         \
        for (row at = {group, 0}; at.index < rows(group); at.index++) {                                                \
            fabstir_domain market = domain(at);                                                                        \
            fabstir_##type message = {__VA_ARGS__};                                                                    \
            fabstir_hash digest;                                                                                       \
            OK(fabstir_##type##_digest(&market, &message, &digest));                                                   \
            check_signed(at, &digest);                                                                                 \
        }                                                                                                              \
    }

#define ID id_of(string(at, "session_id"))
GROUP(voucher, ID, number(at, "input_tokens"), number(at, "output_tokens"), hash(at, "head"))
GROUP(request, ID, number(at, "turn"), hash(at, "context"), hash(at, "tokens"), hash(at, "params"),
      number(at, "max_tokens"), hash(at, "nonce"), hash(at, "host_seed"))
GROUP(open, ID, hash(at, "challenge"), hash(at, "channel_key"))
GROUP(close_request, ID, number(at, "input_tokens"), number(at, "output_tokens"), number(at, "deadline"))
GROUP(checkpoint, ID, number(at, "sequence"), number(at, "input_tokens"), number(at, "output_tokens"),
      hash(at, "head"))
GROUP(close, ID, number(at, "input_tokens"), number(at, "output_tokens"), number(at, "deadline"))
GROUP(quote, ID, number(at, "valid_until"))
GROUP(hello, hash(at, "challenge"), hash(at, "channel_key"))

static void orders(const json_t *group, const json_t *all_terms) {
    for (row at = {group, 0}; at.index < rows(group); at.index++) {
        row of = {all_terms, (size_t)number(at, "terms")};
        fabstir_domain market = domain(of);
        fabstir_order order = {terms(of), amount(at, "deposit"), number(at, "deadline")};
        fabstir_hash digest;
        OK(fabstir_order_digest(&market, &order, &digest));
        check_signed(at, &digest);
    }
}

static void ids(const json_t *group) {
    for (row at = {group, 0}; at.index < rows(group); at.index++) {
        fabstir_domain market = domain(at);
        fabstir_terms agreed = terms(at);
        fabstir_hash id, expected = id_of(string(at, "session_id"));
        OK(fabstir_terms_session_id(&market, &agreed, &id));
        SAME(id, expected);
    }
}

static void separators(const json_t *group) {
    for (row at = {group, 0}; at.index < rows(group); at.index++) {
        fabstir_domain market = domain(at);
        fabstir_hash separator, expected = hash(at, "separator");
        OK(fabstir_domain_separator(&market, &separator));
        SAME(separator, expected);
    }
}

static void accepted(const json_t *group) {
    for (row at = {group, 0}; at.index < rows(group); at.index++) {
        fabstir_hash digest = hash(at, "digest");
        fabstir_address signer = address(at, "signer");
        fabstir_signature signature;
        CHECK(bytes_of(string(at, "signature"), signature.bytes, sizeof signature.bytes) == sizeof signature.bytes);
        OK(fabstir_signature_verify(&digest, &signature, &signer));
    }
}

static void refused(const json_t *group) {
    for (row at = {group, 0}; at.index < rows(group); at.index++) {
        fabstir_hash digest = hash(at, "digest");
        fabstir_address expected = address(at, "expected_signer");
        uint8_t bytes[256] = {0};
        fabstir_signature signature;
        if (bytes_of(string(at, "signature"), bytes, sizeof bytes) != sizeof signature.bytes) {
            continue; /* Of another length: this ABI has no way to say it. */
        }
        memcpy(signature.bytes, bytes, sizeof signature.bytes);
        CHECK(fabstir_signature_verify(&digest, &signature, &expected) == status_of(string(at, "verdict")));
    }
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    json_t *file = open_vectors(argv[1], "messages");
    separators(json_object_get(file, "domains"));
    ids(json_object_get(file, "terms"));
    vouchers(json_object_get(file, "voucher"));
    requests(json_object_get(file, "request"));
    opens(json_object_get(file, "open"));
    close_requests(json_object_get(file, "close_request"));
    checkpoints(json_object_get(file, "checkpoint"));
    closes(json_object_get(file, "close"));
    quotes(json_object_get(file, "quote"));
    hellos(json_object_get(file, "hello"));
    orders(json_object_get(file, "order"), json_object_get(file, "terms"));
    accepted(json_object_get(file, "accepted"));
    refused(json_object_get(file, "refused"));
    json_decref(file);
    return done("vectors_messages");
}
