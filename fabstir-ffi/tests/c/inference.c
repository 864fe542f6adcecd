/* The shipped model from C: loaded with progress, many answers at once, cancelled from another thread, freed while pulled. */
#include "check.h"

#include <pthread.h>

#define ANSWERS 6

static const char *const QUESTION =
    "{\"messages\": [{\"role\": \"user\", \"content\": \"What color is the sky?\"}], \"temperature\": 0, \"top_k\": 1}";
static const char *const ENDLESS =
    "{\"messages\": [{\"role\": \"user\", \"content\": \"Tell me a story.\"}], \"max_tokens\": 4000,"
    " \"temperature\": 2000, \"top_k\": 256, \"top_p\": 1000, \"min_p\": 0}";

static fabstir_model *load(const char *path) {
    char config[4200];
    fabstir_model *model = NULL;
    fabstir_status status;
    float progress = -1, before = 0;
    CHECK(snprintf(config, sizeof config, "{\"path\": \"%s\", \"sequences\": 8}", path) < (int)sizeof config);
    OK(fabstir_model_new(TEXT(config), &model));
    while ((status = fabstir_model_wait(model, 5, &progress)) == FABSTIR_STATUS_TIMEOUT) {
        CHECK(progress >= before && progress <= 1);
        before = progress;
    }
    CHECK(status == FABSTIR_STATUS_OK && progress == 1);
    return model;
}

/* Pulls an answer to its end. Its text goes into `text`; returns why it ended. */
static fabstir_finish read_all(fabstir_generation *answer, char *text, size_t capacity) {
    fabstir_event event;
    fabstir_finish finish = FABSTIR_FINISH_NONE;
    fabstir_status status;
    size_t len = 0, tokens = 0;
    while ((status = fabstir_generation_next(answer, 60000, &event)) == FABSTIR_STATUS_OK) {
        if (event.kind == FABSTIR_EVENT_KIND_TOKEN) {
            CHECK(len + event.text.len < capacity);
            memcpy(text + len, event.text.data, event.text.len);
            len += event.text.len;
            tokens++;
        } else {
            CHECK(event.kind == FABSTIR_EVENT_KIND_DONE && event.usage.output == tokens && event.usage.input > 0);
            finish = event.finish;
        }
        fabstir_string_free(&event.text);
    }
    CHECK(status == FABSTIR_STATUS_END);
    REFUSED(fabstir_generation_next(answer, 0, &event), END);
    text[len] = 0;
    return finish;
}

static void many_at_once(const fabstir_model *model) {
    static char first[1 << 16], other[1 << 16];
    fabstir_generation *answers[ANSWERS];
    for (int i = 0; i < ANSWERS; i++) {
        OK(fabstir_generation_new(model, TEXT(QUESTION), &answers[i]));
    }
    CHECK(read_all(answers[0], first, sizeof first) == FABSTIR_FINISH_STOP && strlen(first) > 0);
    for (int i = 1; i < ANSWERS; i++) {
        CHECK(read_all(answers[i], other, sizeof other) == FABSTIR_FINISH_STOP && strlen(other) > 0);
    }
    for (int i = 0; i < ANSWERS; i++) {
        fabstir_generation_free(answers[i]);
    }
    printf("%s\n", first);
}

static void *cancel(void *answer) {
    for (int i = 0; i < 3; i++) { /* More than once is the same. */
        if (fabstir_generation_cancel(answer) != FABSTIR_STATUS_OK) {
            abort();
        }
    }
    return NULL;
}

static void *release(void *answer) {
    fabstir_generation_free(answer);
    return NULL;
}

/* Whether the answer was cancelled: it may have come to its end before that arrived. */
static int cancelled(const fabstir_model *model) {
    fabstir_generation *answer = NULL;
    fabstir_event event;
    fabstir_status status;
    pthread_t thread;
    OK(fabstir_generation_new(model, TEXT(ENDLESS), &answer));
    OK(fabstir_generation_next(answer, 60000, &event));
    fabstir_string_free(&event.text);
    CHECK(pthread_create(&thread, NULL, cancel, answer) == 0);
    while ((status = fabstir_generation_next(answer, 60000, &event)) == FABSTIR_STATUS_OK &&
           event.kind == FABSTIR_EVENT_KIND_TOKEN) {
        fabstir_string_free(&event.text);
    }
    CHECK(status == FABSTIR_STATUS_OK && event.kind == FABSTIR_EVENT_KIND_DONE);
    CHECK(pthread_join(thread, NULL) == 0);
    OK(fabstir_generation_cancel(answer));
    fabstir_generation_free(answer);
    return event.finish == FABSTIR_FINISH_CANCELLED;
}

static void freed_while_pulled(const fabstir_model *model) {
    static char text[1 << 16];
    fabstir_generation *answer = NULL;
    fabstir_event event;
    fabstir_status status;
    pthread_t thread;
    OK(fabstir_generation_new(model, TEXT(ENDLESS), &answer));
    CHECK(pthread_create(&thread, NULL, release, answer) == 0);
    while ((status = fabstir_generation_next(answer, 60000, &event)) == FABSTIR_STATUS_OK) {
        fabstir_string_free(&event.text);
    }
    CHECK(status == FABSTIR_STATUS_BAD_HANDLE || status == FABSTIR_STATUS_END);
    CHECK(pthread_join(thread, NULL) == 0);
    OK(fabstir_generation_new(model, TEXT(QUESTION), &answer)); /* Places were given back. */
    CHECK(read_all(answer, text, sizeof text) == FABSTIR_FINISH_STOP);
    fabstir_generation_free(answer);
}

static void tokens(const fabstir_model *model) {
    const char *chat = "[{\"role\": \"user\", \"content\": \"Where is the cat?\"}]";
    uint32_t ids[256];
    size_t count = 0;
    fabstir_string text;
    REFUSED(fabstir_model_render(model, TEXT(chat), 0, ids, 1, &count), BUFFER_TOO_SMALL);
    CHECK(count > 1 && count < 256);
    OK(fabstir_model_render(model, TEXT(chat), 0, ids, 256, &count));
    OK(fabstir_model_detokenize(model, ids, count, &text));
    CHECK(strstr(text.data, "Where is the cat?") != NULL);
    fabstir_string_free(&text);
    ids[0] = UINT32_MAX;
    REFUSED(fabstir_model_detokenize(model, ids, 1, &text), INVALID_PARAMS);
    REFUSED(fabstir_model_render(model, TEXT(chat), 2, ids, 256, &count), INVALID_PARAMS);
    OK(fabstir_model_info(model, &text));
    CHECK(strstr(text.data, "\"profile_hash\":\"0x") != NULL);
    fabstir_string_free(&text);
}

static void refusals(const fabstir_model *model) {
    fabstir_generation *answer = NULL;
    fabstir_model *missing = NULL;
    float progress = 0;
    REFUSED(fabstir_generation_new(model, NULL, 0, &answer), INVALID_PARAMS);
    REFUSED(fabstir_generation_new(model, TEXT("{\"tokens\": [4294967295]}"), &answer), INVALID_PARAMS);
    REFUSED(fabstir_generation_new(model, TEXT("{\"tokens\": [1], \"top_k\": 257}"), &answer), INVALID_PARAMS);
    REFUSED(fabstir_generation_new(model, TEXT("{\"tokens\": [1], \"surprise\": 1}"), &answer), INVALID_VALUE);
    OK(fabstir_model_new(TEXT("{\"path\": \"/nowhere/model.gguf\"}"), &missing));
    REFUSED(fabstir_model_wait(missing, 60000, &progress), MODEL_MISSING);
    REFUSED(fabstir_generation_new(missing, TEXT(QUESTION), &answer), MODEL_MISSING);
    fabstir_model_free(missing);
    OK(fabstir_model_new(TEXT("{\"path\": \"/dev/null\"}"), &missing));
    CHECK(fabstir_model_wait(missing, 60000, NULL) >= FABSTIR_STATUS_MODEL_MISSING);
    fabstir_model_free(missing);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    fabstir_model *model = load(argv[1]);
    tokens(model);
    refusals(model);
    many_at_once(model);
    for (int attempt = 0; !cancelled(model); attempt++) {
        CHECK(attempt < 20);
    }
    freed_while_pulled(model);
    fabstir_model_free(model);
    return done("inference");
}
