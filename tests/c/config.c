/* Where the configuration comes from, what is said of a wrong one, and explain. */

#define _POSIX_C_SOURCE 200809L

#include "kit.h"

static const char OFF[] = "mode = 'off'\nconsent.policy = 'none'\n";

/* What becomes of a page under these options, which are freed. */
static trackside_reason reason_under(trackside_options *options)
{
    OK(trackside_options_recording, options);
    trackside_tracker *tracker = open_options(options);
    trackside_reason reason = visit(tracker, "/");
    trackside_tracker_free(tracker);
    return reason;
}

/* The mistakes are told when the text is given or when the tracker is opened, all of them at once. */
static void mistake(const char *toml, const char *part, const char *other)
{
    trackside_options *options = NULL;
    trackside_tracker *tracker = NULL;
    trackside_error error = TRACKSIDE_ERROR_INIT;
    OK(trackside_options_new, &options);
    trackside_status status = trackside_options_toml(options, trackside_text(toml), &error);
    if (status == TRACKSIDE_OK) {
        status = trackside_tracker_open(options, &tracker, &error);
    }
    CHECK_INT(status, TRACKSIDE_CONFIG);
    CHECK_INT(error.status, TRACKSIDE_CONFIG);
    CHECK(tracker == NULL);
    CHECK_PART(error.text, part);
    CHECK_PART(error.text, other);
    trackside_options_free(options);
}

static void mistakes_are_named(void)
{
    mistake("consent.policy = 'none'\nmode = 'perhaps'\nsession = 3\n", "mode", "session");
    mistake("consent.policy = 'none'\n[[destination]]\ntype = 'ga4'\n", "api_secret", "measurement_id");
    mistake("this is not TOML", "line 1", "");
    mistake("", "consent.policy", "");
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    CHECK(fputs(text, file) >= 0);
    CHECK_INT(fclose(file), 0);
}

static void json_is_as_good_as_toml(void)
{
    trackside_options *options = NULL;
    OK(trackside_options_new, &options);
    OK(trackside_options_json, options,
        trackside_text("{\"mode\": \"off\", \"consent\": {\"policy\": \"none\"}}"));
    CHECK_INT(reason_under(options), TRACKSIDE_REASON_OFF);
}

/* Environment over file over text over defaults, in whatever order they are given. */
static void layers_override_each_other(const char *folder)
{
    char toml[600], json[600], missing[600];
    snprintf(toml, sizeof toml, "%s/config.toml", folder);
    snprintf(json, sizeof json, "%s/config.json", folder);
    snprintf(missing, sizeof missing, "%s/missing.toml", folder);
    put(toml, "mode = 'on'\n");
    put(json, "{\"mode\": \"on\"}");

    CHECK_INT(reason_under(options_of(OFF)), TRACKSIDE_REASON_OFF);
    const char *files[2] = { toml, json };
    for (int n = 0; n < 2; n++) {
        trackside_options *options = options_of(OFF);
        OK(trackside_options_file, options, trackside_text(files[n]));
        CHECK_INT(reason_under(options), 0);
    }

    CHECK_INT(setenv("TRACKSIDE__MODE", "off", 1), 0);
    trackside_options *options = options_of("consent.policy = 'none'\n");
    CHECK_INT(reason_under(options), 0);
    options = NULL;
    OK(trackside_options_new, &options);
    OK(trackside_options_env, options);
    OK(trackside_options_file, options, trackside_text(toml));
    OK(trackside_options_toml, options, trackside_text("consent.policy = 'none'\n"));
    CHECK_INT(reason_under(options), TRACKSIDE_REASON_OFF);

    /* No options: the environment alone. */
    CHECK_INT(setenv("TRACKSIDE__CONSENT__POLICY", "none", 1), 0);
    trackside_tracker *tracker = NULL;
    OK(trackside_tracker_open, NULL, &tracker);
    CHECK_INT(visit(tracker, "/"), TRACKSIDE_REASON_OFF);
    trackside_tracker_free(tracker);
    CHECK_INT(unsetenv("TRACKSIDE__MODE"), 0);
    CHECK_INT(unsetenv("TRACKSIDE__CONSENT__POLICY"), 0);

    OK(trackside_options_new, &options);
    trackside_error error = TRACKSIDE_ERROR_INIT;
    trackside_status status = trackside_options_file(options, trackside_text(missing), &error);
    if (status == TRACKSIDE_OK) {
        status = trackside_tracker_open(options, &tracker, &error);
    }
    CHECK_INT(status, TRACKSIDE_IO);
    CHECK_PART(error.text, "missing.toml");
    trackside_options_free(options);
    CHECK_INT(remove(toml) + remove(json), 0);
}

static const char GA4[] =
    "consent.policy = 'none'\ntrack.bots = 'keep'\n[[destination]]\ntype = 'ga4'\nmeasurement_id = 'G-ABC123'\n"
    "api_secret = 's3cretKey0'\n"
    "url = 'http://127.0.0.1:9/mp/collect'\n";

/* The text of explain, in a buffer of exactly its size, which the caller frees. */
static char *explained(const trackside_tracker *tracker, const char *target, uint16_t status)
{
    trackside_request request = page_request(target, BROWSER);
    trackside_response response = page_response();
    response.status = status;
    size_t needed = 0, again = 0;
    FAILS(TRACKSIDE_BUFFER, "buffer", trackside_tracker_explain, tracker, &request, &response, UNSAID, NULL, 0, &needed);
    CHECK(needed > 1);
    char *text = malloc(needed);
    CHECK(text != NULL);
    memset(text, 'x', needed);
    FAILS(TRACKSIDE_BUFFER, "", trackside_tracker_explain, tracker, &request, &response, UNSAID, text, needed - 1, &again);
    CHECK_INT(again, needed);
    OK(trackside_tracker_explain, tracker, &request, &response, UNSAID, text, needed, &again);
    CHECK_INT(again, needed);
    CHECK_INT(text[needed - 1], 0);
    CHECK_INT(strlen(text), needed - 1);
    return text;
}

static void explain_tells_all_but_secrets(void)
{
    trackside_tracker *tracker = open_options(options_of(GA4));
    char *text = explained(tracker, "/news/", 200);
    CHECK_PART(text, "tracked");
    CHECK_PART(text, "/news/");
    CHECK_PART(text, "page_view");
    CHECK_PART(text, "Set-Cookie");
    CHECK_PART(text, "***");
    CHECK(strstr(text, "s3cretKey0") == NULL);
    free(text);
    text = explained(tracker, "/news/", 404);
    CHECK_PART(text, "status");
    free(text);

    /* Nothing was counted and nothing sent. */
    book book = books_of(tracker);
    CHECK_INT(book.requests.seen, 0);
    CHECK_INT(book.hits.offered, 0);
    trackside_tracker_free(tracker);
}

int main(void)
{
    watchdog();
    char folder[] = "/tmp/trackside-c-XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    mistakes_are_named();
    json_is_as_good_as_toml();
    layers_override_each_other(folder);
    explain_tells_all_but_secrets();
    CHECK_INT(rmdir(folder), 0);
    return 0;
}
