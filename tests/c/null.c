/* NULL for every pointer argument of every function, and handles of every wrong type. */

#define _POSIX_C_SOURCE 200809L

#include "kit.h"

static const char TOML[] =
    "consent.policy = 'none'\ntrack.bots = 'keep'\n[[destination]]\ntype = 'ga-v1'\ntracking_id = 'UA-1-1'\n";

/* One of each handle. */
static struct {
    trackside_options *options;
    trackside_tracker *tracker;
    trackside_exchange *exchange;
    trackside_exchange *finished;
    trackside_visitor *visitor;
    trackside_stats *stats;
    trackside_hit *hit;
    trackside_outgoing *outgoing;
    trackside_batch *batch;
} a;

static trackside_error *const no_error = NULL;

static trackside_status takes_each(void *userdata, const trackside_hit *hit, bool *wanted)
{
    (void)userdata;
    (void)hit;
    (void)wanted;
    return TRACKSIDE_OK;
}

/* Rows of the table: the argument's name, and the call with NULL in its place. */
#define IS_NEEDED(argument, function, ...) \
    REFUSES(TRACKSIDE_NULL_ARGUMENT, argument, function, __VA_ARGS__)

static void options_and_tracker(void)
{
    const trackside_bytes text = trackside_text("");
    trackside_sink sink = TRACKSIDE_SINK_INIT;
    trackside_left left = TRACKSIDE_LEFT_INIT;
    trackside_destination destination = TRACKSIDE_DESTINATION_INIT;
    trackside_request request = page_request("/", BROWSER);
    trackside_response response = page_response();
    trackside_event event = TRACKSIDE_EVENT_INIT;
    trackside_outgoing *outgoing = NULL;
    trackside_hit *hit = NULL;
    trackside_reason reason = 0;
    char buffer[10];
    size_t size = 0;
    event.name = trackside_text("name");
    sink.deliver = takes_all;

    IS_NEEDED("options", trackside_options_new, NULL);
    IS_NEEDED("options", trackside_options_toml, NULL, text);
    IS_NEEDED("options", trackside_options_json, NULL, text);
    IS_NEEDED("options", trackside_options_file, NULL, text);
    IS_NEEDED("options", trackside_options_env, NULL);
    IS_NEEDED("options", trackside_options_clock, NULL, some_clock, NULL);
    IS_NEEDED("clock", trackside_options_clock, a.options, NULL, NULL);
    IS_NEEDED("options", trackside_options_entropy, NULL, some_entropy, NULL);
    IS_NEEDED("entropy", trackside_options_entropy, a.options, NULL, NULL);
    IS_NEEDED("options", trackside_options_keys, NULL, some_keys, NULL);
    IS_NEEDED("keys", trackside_options_keys, a.options, NULL, NULL);
    IS_NEEDED("options", trackside_options_recording, NULL);
    IS_NEEDED("options", trackside_options_sink, NULL, trackside_text("x"), &sink);
    IS_NEEDED("sink", trackside_options_sink, a.options, trackside_text("x"), NULL);
    sink.deliver = NULL;
    IS_NEEDED("deliver", trackside_options_sink, a.options, trackside_text("x"), &sink);

    trackside_hooks hooks = TRACKSIDE_HOOKS_INIT;
    IS_NEEDED("filter", trackside_options_hooks, a.options, &hooks);
    IS_NEEDED("hooks", trackside_options_hooks, a.options, NULL);
    hooks.filter = takes_each;
    IS_NEEDED("options", trackside_options_hooks, NULL, &hooks);
    /* What an editor is given lives as long as its call: hooks.c has the rows with one. */
    trackside_property property = TRACKSIDE_PROPERTY_INIT;
    IS_NEEDED("edit", trackside_edit_text, NULL, TRACKSIDE_FIELD_PATH, text);
    IS_NEEDED("edit", trackside_edit_property, NULL, &property);
    IS_NEEDED("edit", trackside_edit_remove_property, NULL, text);
    IS_NEEDED("edit", trackside_edit_forget_visitor, NULL);
    IS_NEEDED("edit", trackside_edit_forget_ip, NULL);

    IS_NEEDED("options", trackside_options_destination, NULL, 0, &destination);
    IS_NEEDED("destination", trackside_options_destination, a.options, 0, NULL);

    IS_NEEDED("tracker", trackside_tracker_open, a.options, NULL);
    trackside_answer *answer = NULL;
    IS_NEEDED("tracker", trackside_tracker_answer, NULL, &request, &answer);
    IS_NEEDED("request", trackside_tracker_answer, a.tracker, NULL, &answer);
    IS_NEEDED("answer", trackside_tracker_answer, a.tracker, &request, NULL);
    CHECK(trackside_tracker_endpoint(NULL, 0).data == NULL);
    CHECK(trackside_tracker_header(NULL, 0).data == NULL);
    CHECK(!trackside_tracker_asks(NULL));
    IS_NEEDED("tracker", trackside_tracker_flush, NULL, 1, &left);
    IS_NEEDED("tracker", trackside_tracker_close, NULL, 1, &left);
    IS_NEEDED("tracker", trackside_tracker_close_stats, NULL, 1, &left, &a.stats);
    IS_NEEDED("stats", trackside_tracker_close_stats, a.tracker, 1, &left, NULL);
    trackside_tracker_count_late(NULL);
    IS_NEEDED("tracker", trackside_tracker_event, NULL, a.visitor, &event);
    IS_NEEDED("visitor", trackside_tracker_event, a.tracker, NULL, &event);
    IS_NEEDED("event", trackside_tracker_event, a.tracker, a.visitor, NULL);
    IS_NEEDED("tracker", trackside_tracker_event_within, NULL, a.visitor, &event, 0, NULL);
    IS_NEEDED("visitor", trackside_tracker_event_within, a.tracker, NULL, &event, 0, NULL);
    IS_NEEDED("event", trackside_tracker_event_within, a.tracker, a.visitor, NULL, 0, NULL);
    IS_NEEDED("tracker", trackside_tracker_stats, NULL, &a.stats);
    IS_NEEDED("stats", trackside_tracker_stats, a.tracker, NULL);
    IS_NEEDED("tracker", trackside_tracker_explain, NULL, &request, &response, UNSAID, buffer, sizeof buffer, &size);
    IS_NEEDED("request", trackside_tracker_explain, a.tracker, NULL, &response, UNSAID, buffer, sizeof buffer, &size);
    IS_NEEDED("response", trackside_tracker_explain, a.tracker, &request, NULL, UNSAID, buffer, sizeof buffer, &size);
    IS_NEEDED("buffer", trackside_tracker_explain, a.tracker, &request, &response, UNSAID, NULL, 1, &size);
    IS_NEEDED("needed", trackside_tracker_explain, a.tracker, &request, &response, UNSAID, buffer, sizeof buffer, NULL);
    IS_NEEDED("tracker", trackside_tracker_recorded, NULL, 0, &hit);
    IS_NEEDED("hit", trackside_tracker_recorded, a.tracker, 0, NULL);
    IS_NEEDED("tracker", trackside_tracker_recorded_count, NULL, &size);
    IS_NEEDED("count", trackside_tracker_recorded_count, a.tracker, NULL);
    IS_NEEDED("tracker", trackside_tracker_look, NULL, a.hit, &hit);
    IS_NEEDED("hit", trackside_tracker_look, a.tracker, NULL, &hit);
    IS_NEEDED("looked", trackside_tracker_look, a.tracker, a.hit, NULL);
    IS_NEEDED("tracker", trackside_tracker_encode, NULL, trackside_text("ga-v1"), a.hit, &outgoing, &reason);
    IS_NEEDED("hit", trackside_tracker_encode, a.tracker, trackside_text("ga-v1"), NULL, &outgoing, &reason);
    IS_NEEDED("outgoing", trackside_tracker_encode, a.tracker, trackside_text("ga-v1"), a.hit, NULL, &reason);
    CHECK(hit == NULL);
    CHECK(outgoing == NULL);
    /* Who does not ask why need not say where to. */
    OK(trackside_tracker_encode, a.tracker, trackside_text("ga-v1"), a.hit, &outgoing, NULL);
    trackside_outgoing_free(outgoing);
}

static void scratch(void)
{
    const unsigned char bytes[1] = { 1 };
    trackside_scratch scratch = TRACKSIDE_SCRATCH_INIT;
    CHECK_INT(trackside_scratch_begin(NULL, a.tracker, bytes, 1, 0), TRACKSIDE_NULL_ARGUMENT);
    IS_NEEDED("tracker", scratch_begin, &scratch, NULL, bytes, 1);
    IS_NEEDED("lines", scratch_begin, &scratch, a.tracker, NULL, 1);
    CHECK(scratch.exchange == NULL);
    CHECK_INT(trackside_scratch_end(NULL, bytes, 1), TRACKSIDE_NULL_ARGUMENT);
    IS_NEEDED("scratch.exchange", scratch_end, &scratch, bytes, 1);
    scratch.exchange = a.exchange;
    IS_NEEDED("blob", scratch_end, &scratch, NULL, 1);
    scratch.capacity = 1;
    IS_NEEDED("scratch.buffer", scratch_end, &scratch, bytes, 1);
    CHECK(scratch.exchange == a.exchange);
}

static void exchange(void)
{
    const trackside_bytes text = trackside_text("x");
    /* A request of nothing at all. */
    const unsigned char blob[20] = { 1 };
    bool is_new = false;
    trackside_request request = page_request("/", BROWSER);
    trackside_response response = page_response();
    trackside_property property = TRACKSIDE_PROPERTY_INIT;
    trackside_event event = TRACKSIDE_EVENT_INIT;
    trackside_visitor *visitor = NULL;
    trackside_exchange *begun = NULL;
    const trackside_header *headers = NULL;
    trackside_bytes notice = { NULL, 0 };
    trackside_reason reason = 0;
    char id[37];
    size_t count = 0;

    IS_NEEDED("tracker", trackside_exchange_begin, NULL, &request, &begun);
    IS_NEEDED("request", trackside_exchange_begin, a.tracker, NULL, &begun);
    IS_NEEDED("exchange", trackside_exchange_begin, a.tracker, &request, NULL);
    IS_NEEDED("tracker", trackside_exchange_begin_blob, NULL, blob, 20, &begun);
    IS_NEEDED("blob", trackside_exchange_begin_blob, a.tracker, NULL, 1, &begun);
    IS_NEEDED("exchange", trackside_exchange_begin_blob, a.tracker, blob, 20, NULL);
    IS_NEEDED("tracker", trackside_exchange_begin_lines, NULL, blob, 20, 0, &begun, &is_new);
    IS_NEEDED("lines", trackside_exchange_begin_lines, a.tracker, NULL, 1, 0, &begun, &is_new);
    IS_NEEDED("exchange", trackside_exchange_begin_lines, a.tracker, blob, 20, 0, NULL, &is_new);
    IS_NEEDED("exchange", trackside_exchange_visitor_id, NULL, id);
    IS_NEEDED("id", trackside_exchange_visitor_id, a.exchange, NULL);
    trackside_choice choice = TRACKSIDE_CHOICE_UNKNOWN;
    IS_NEEDED("exchange", trackside_exchange_set_consent, NULL, choice, choice);
    IS_NEEDED("exchange", trackside_exchange_consent, NULL, &choice, &choice);
    OK(trackside_exchange_consent, a.exchange, NULL, NULL);
    IS_NEEDED("exchange", trackside_exchange_notice, NULL, &notice, &notice);
    IS_NEEDED("exchange", trackside_exchange_beacon, NULL, &notice);
    IS_NEEDED("exchange", trackside_exchange_banner, NULL, &notice);
    IS_NEEDED("html", trackside_exchange_banner, a.exchange, NULL);
    IS_NEEDED("exchange", trackside_exchange_visitor, NULL, &visitor);
    IS_NEEDED("visitor", trackside_exchange_visitor, a.exchange, NULL);
    IS_NEEDED("exchange", trackside_exchange_set_title, NULL, text);
    IS_NEEDED("exchange", trackside_exchange_set_user_id, NULL, text);
    IS_NEEDED("exchange", trackside_exchange_set_route, NULL, text);
    IS_NEEDED("exchange", trackside_exchange_add_property, NULL, &property);
    IS_NEEDED("property", trackside_exchange_add_property, a.exchange, NULL);
    IS_NEEDED("exchange", trackside_exchange_add_event, NULL, &event);
    IS_NEEDED("event", trackside_exchange_add_event, a.exchange, NULL);
    IS_NEEDED("exchange", trackside_exchange_finish, NULL, &response);
    IS_NEEDED("response", trackside_exchange_finish, a.exchange, NULL);
    response.headers = NULL;
    IS_NEEDED("headers", trackside_exchange_finish, a.exchange, &response);
    IS_NEEDED("exchange", trackside_exchange_finish_blob, NULL, blob, 1);
    IS_NEEDED("blob", trackside_exchange_finish_blob, a.exchange, NULL, 1);
    unsigned char verdict[64];
    IS_NEEDED("exchange", trackside_exchange_end_blob, NULL, blob, 1, verdict, sizeof verdict, &count);
    IS_NEEDED("blob", trackside_exchange_end_blob, a.exchange, NULL, 1, verdict, sizeof verdict, &count);
    IS_NEEDED("buffer", trackside_exchange_end_blob, a.exchange, blob, 1, NULL, 1, &count);
    IS_NEEDED("needed", trackside_exchange_end_blob, a.exchange, blob, 1, verdict, sizeof verdict, NULL);
    IS_NEEDED("exchange", trackside_exchange_abandon, NULL);
    IS_NEEDED("exchange", trackside_exchange_reason, NULL, &reason);
    IS_NEEDED("answer", trackside_answer_headers, NULL, &headers, &count);
    CHECK_INT(trackside_answer_status(NULL), 0);
    CHECK_INT(trackside_answer_reason(NULL), 0);
    CHECK(trackside_answer_body(NULL).data == NULL);
    trackside_answer_free(NULL);
    IS_NEEDED("reason", trackside_exchange_reason, a.finished, NULL);
    IS_NEEDED("exchange", trackside_exchange_headers, NULL, &headers, &count);
    IS_NEEDED("headers", trackside_exchange_headers, a.finished, NULL, &count);
    IS_NEEDED("count", trackside_exchange_headers, a.finished, &headers, NULL);
    IS_NEEDED("visitor", trackside_visitor_id, NULL, id);
    IS_NEEDED("id", trackside_visitor_id, a.visitor, NULL);
    CHECK(!trackside_exchange_is_new(NULL));
    CHECK(begun == NULL);
    CHECK(visitor == NULL);

    /* Nothing happened to it. */
    FAILS(TRACKSIDE_UNFINISHED, "", trackside_exchange_reason, a.exchange, &reason);
}

static void stats_hits_and_log(void)
{
    trackside_requests_book requests = TRACKSIDE_REQUESTS_BOOK_INIT;
    trackside_hits_book hits = TRACKSIDE_HITS_BOOK_INIT;
    trackside_property property = TRACKSIDE_PROPERTY_INIT;
    trackside_outgoing_view view = TRACKSIDE_OUTGOING_VIEW_INIT;
    trackside_bytes text = { NULL, 0 };
    double number = 0;

    IS_NEEDED("stats", trackside_stats_requests, NULL, &requests);
    IS_NEEDED("book", trackside_stats_requests, a.stats, NULL);
    IS_NEEDED("stats", trackside_stats_destination, NULL, 0, &hits);
    IS_NEEDED("book", trackside_stats_destination, a.stats, 0, NULL);
    CHECK_INT(trackside_stats_skipped(NULL, TRACKSIDE_REASON_OFF), 0);
    CHECK_INT(trackside_stats_hits(NULL, 0, TRACKSIDE_REASON_CLOSED), 0);
    CHECK_INT(trackside_stats_destination_count(NULL), 0);
    char prometheus[10];
    size_t needed = 0;
    IS_NEEDED("stats", trackside_stats_prometheus, NULL, prometheus, sizeof prometheus, &needed);
    IS_NEEDED("buffer", trackside_stats_prometheus, a.stats, NULL, 1, &needed);
    IS_NEEDED("needed", trackside_stats_prometheus, a.stats, prometheus, sizeof prometheus, NULL);

    IS_NEEDED("hit", trackside_hit_text, NULL, TRACKSIDE_FIELD_PATH, &text);
    IS_NEEDED("text", trackside_hit_text, a.hit, TRACKSIDE_FIELD_PATH, NULL);
    IS_NEEDED("hit", trackside_hit_number, NULL, TRACKSIDE_NUMBER_AT, &number);
    IS_NEEDED("value", trackside_hit_number, a.hit, TRACKSIDE_NUMBER_AT, NULL);
    IS_NEEDED("hit", trackside_hit_property, NULL, 0, &property);
    IS_NEEDED("property", trackside_hit_property, a.hit, 0, NULL);
    IS_NEEDED("hit", trackside_hit_json, NULL, &text);
    IS_NEEDED("json", trackside_hit_json, a.hit, NULL);
    IS_NEEDED("outgoing", trackside_outgoing_request, NULL, &view);
    IS_NEEDED("view", trackside_outgoing_request, a.outgoing, NULL);
    OK(trackside_log_keep, 5, NULL);
    OK(trackside_log_set, NULL, 5, NULL);
    OK(trackside_attach_set, NULL, NULL);
    IS_NEEDED("buffer", trackside_log_take, NULL, 1, &needed, NULL, NULL);
    char kept[8];
    IS_NEEDED("needed", trackside_log_take, kept, sizeof kept, NULL, NULL, NULL);
}

/* On a worker, where there is a batch. */
static trackside_outcome batch(void *userdata, trackside_batch *batch)
{
    trackside_outgoing_view view = TRACKSIDE_OUTGOING_VIEW_INIT;
    const trackside_header headers[1] = { { TRACKSIDE_TEXT("a"), TRACKSIDE_TEXT("b") } };
    const trackside_bytes body = { NULL, 0 }, nothing = { NULL, 1 };
    trackside_outcome outcome = 77;
    const trackside_hit *hit = NULL;
    trackside_bytes text = { NULL, 0 };

    IS_NEEDED("batch", trackside_batch_hit, NULL, 0, &hit);
    IS_NEEDED("hit", trackside_batch_hit, batch, 0, NULL);
    IS_NEEDED("batch", trackside_batch_request, NULL, &view);
    IS_NEEDED("view", trackside_batch_request, batch, NULL);
    IS_NEEDED("batch", trackside_batch_taken, NULL, 1);
    IS_NEEDED("batch", trackside_batch_retry_after, NULL, 1);
    IS_NEEDED("batch", trackside_batch_answered, NULL);
    IS_NEEDED("batch", trackside_batch_refuse, NULL, 0);
    IS_NEEDED("batch", trackside_batch_classify, NULL, 200, headers, 1, body, &outcome);
    IS_NEEDED("headers", trackside_batch_classify, batch, 200, NULL, 1, body, &outcome);
    IS_NEEDED("body", trackside_batch_classify, batch, 200, headers, 1, nothing, &outcome);
    IS_NEEDED("outcome", trackside_batch_classify, batch, 200, headers, 1, body, NULL);
    CHECK_INT(trackside_batch_count(NULL), 0);
    CHECK_INT(outcome, 77);
    CHECK(hit == NULL);

    /* A batch is no hit, and a hit no batch; nor may a batch's hit be freed. */
    OK(trackside_batch_hit, batch, 0, &hit);
    trackside_hit *as_owned = (trackside_hit *)(uintptr_t)hit;
    trackside_hit_free(as_owned);
    OK(trackside_hit_text, hit, TRACKSIDE_FIELD_PATH, &text);
    CHECK_TEXT(text, "/");
    REFUSES(TRACKSIDE_WRONG_HANDLE, "hit", trackside_hit_text, (void *)batch, TRACKSIDE_FIELD_PATH, &text);
    REFUSES(TRACKSIDE_WRONG_HANDLE, "batch", trackside_batch_taken, (void *)as_owned, 1);
    counter_add(userdata, 1);
    return TRACKSIDE_OUTCOME_DELIVERED;
}

static void batches(void)
{
    counter called = COUNTER_INIT;
    trackside_sink sink = TRACKSIDE_SINK_INIT;
    sink.deliver = batch;
    sink.userdata = &called;
    trackside_tracker *tracker = open_sink(TOML, "ga-v1", &sink);
    CHECK_INT(visit(tracker, "/"), 0);
    counter_wait(&called, 1);
    close_all(tracker);
    trackside_tracker_free(tracker);
}

int main(void)
{
    watchdog();
    a.tracker = open_recording(TOML);
    OK(trackside_options_new, &a.options);
    a.exchange = begin_page(a.tracker, "/");
    OK(trackside_exchange_visitor, a.exchange, &a.visitor);
    a.finished = begin_page(a.tracker, "/");
    trackside_response response = page_response();
    OK(trackside_exchange_finish, a.finished, &response);
    OK(trackside_tracker_stats, a.tracker, &a.stats);
    a.hit = recorded(a.tracker, 0);
    trackside_reason refused = 0;
    OK(trackside_tracker_encode, a.tracker, trackside_text("ga-v1"), a.hit, &a.outgoing, &refused);

    CHECK_INT(trackside_options_new(NULL, no_error), TRACKSIDE_NULL_ARGUMENT);
    options_and_tracker();
    scratch();
    exchange();
    stats_hits_and_log();
    batches();

    trackside_outgoing_free(NULL);
    trackside_hit_free(NULL);
    trackside_stats_free(NULL);
    trackside_visitor_free(NULL);
    trackside_exchange_free(NULL);
    trackside_tracker_free(NULL);
    trackside_options_free(NULL);

    trackside_outgoing_free(a.outgoing);
    trackside_hit_free(a.hit);
    trackside_stats_free(a.stats);
    trackside_visitor_free(a.visitor);
    trackside_exchange_free(a.finished);
    trackside_exchange_free(a.exchange);
    trackside_tracker_free(a.tracker);
    trackside_options_free(a.options);
    return 0;
}
