/* Handles of every wrong type, for every function that takes one. */

#define _POSIX_C_SOURCE 200809L

#include "kit.h"

static const char TOML[] =
    "consent.policy = 'none'\ntrack.bots = 'keep'\n[[destination]]\ntype = 'ga-v1'\ntracking_id = 'UA-1-1'\n";

enum { OPTIONS, TRACKER, EXCHANGE, VISITOR, STATS, HIT, OUTGOING, KINDS };

/* One handle of each kind, and what is no handle at all. */
static void *handles[KINDS + 1];
static uint64_t zeroes[64];

/* Calls `function` with each handle that is not of this kind; `wrong` stands for it among the arguments. */
#define TAKES_ONLY(kind, argument, function, ...) \
    do { \
        for (int n = 0; n <= KINDS; n++) { \
            void *wrong = handles[n]; \
            if (n != (kind)) { \
                REFUSES(TRACKSIDE_WRONG_HANDLE, argument, function, __VA_ARGS__); \
            } \
        } \
    } while (0)

/* The same for a function that answers no status. */
#define SAYS_NOTHING(kind, expression) \
    do { \
        for (int n = 0; n <= KINDS; n++) { \
            void *wrong = handles[n]; \
            if (n != (kind)) { \
                CHECK_INT((expression), 0); \
            } \
        } \
    } while (0)

/* A free leaves a handle alone that it cannot be meant for. */
#define FREES_ONLY(kind, function) \
    do { \
        for (int n = 0; n <= KINDS; n++) { \
            if (n != (kind)) { \
                function(handles[n]); \
            } \
        } \
    } while (0)

static void count_free(void *userdata)
{
    counter_add(userdata, 1);
}

static trackside_status edits_nothing(void *userdata, const trackside_hit *hit, trackside_edit *edit)
{
    (void)userdata, (void)hit, (void)edit;
    return TRACKSIDE_OK;
}

static void options_and_tracker(void)
{
    const trackside_bytes text = trackside_text("");
    trackside_request request = page_request("/", BROWSER);
    trackside_response response = page_response();
    trackside_event event = TRACKSIDE_EVENT_INIT;
    trackside_left left = TRACKSIDE_LEFT_INIT;
    trackside_destination destination = TRACKSIDE_DESTINATION_INIT;
    trackside_tracker *opened = NULL;
    trackside_stats *stats = NULL;
    trackside_outgoing *outgoing = NULL;
    trackside_hit *hit = NULL;
    trackside_reason reason = 0;
    char buffer[10];
    size_t size = 0;
    event.name = trackside_text("name");

    /* Whatever is wrong with the call, the sink is let go of, once for each. */
    counter freed = COUNTER_INIT;
    trackside_sink sink = TRACKSIDE_SINK_INIT;
    sink.deliver = takes_all;
    sink.free = count_free;
    sink.userdata = &freed;
    TAKES_ONLY(OPTIONS, "options", trackside_options_sink, wrong, trackside_text("x"), &sink);
    CHECK_INT(counter_get(&freed), 2 * KINDS);
    trackside_hooks hooks = TRACKSIDE_HOOKS_INIT;
    hooks.edit = edits_nothing;
    hooks.free = count_free;
    hooks.userdata = &freed;
    TAKES_ONLY(OPTIONS, "options", trackside_options_hooks, wrong, &hooks);
    CHECK_INT(counter_get(&freed), 4 * KINDS);
    for (int n = 0; n <= KINDS; n++) {
        if (n != TRACKER) {
            trackside_tracker_count_late(handles[n]);
        }
    }

    TAKES_ONLY(OPTIONS, "options", trackside_options_toml, wrong, text);
    TAKES_ONLY(OPTIONS, "options", trackside_options_json, wrong, text);
    TAKES_ONLY(OPTIONS, "options", trackside_options_file, wrong, text);
    TAKES_ONLY(OPTIONS, "options", trackside_options_env, wrong);
    TAKES_ONLY(OPTIONS, "options", trackside_options_clock, wrong, some_clock, NULL);
    TAKES_ONLY(OPTIONS, "options", trackside_options_entropy, wrong, some_entropy, NULL);
    TAKES_ONLY(OPTIONS, "options", trackside_options_keys, wrong, some_keys, NULL);
    TAKES_ONLY(OPTIONS, "options", trackside_options_recording, wrong);
    TAKES_ONLY(OPTIONS, "options", trackside_options_destination, wrong, 0, &destination);
    TAKES_ONLY(OPTIONS, "options", trackside_tracker_open, wrong, &opened);
    TAKES_ONLY(TRACKER, "tracker", trackside_tracker_flush, wrong, 1, &left);
    TAKES_ONLY(TRACKER, "tracker", trackside_tracker_close, wrong, 1, &left);
    TAKES_ONLY(TRACKER, "tracker", trackside_tracker_close_stats, wrong, 1, &left, &stats);
    TAKES_ONLY(TRACKER, "tracker", trackside_tracker_event, wrong, handles[VISITOR], &event);
    TAKES_ONLY(VISITOR, "visitor", trackside_tracker_event, handles[TRACKER], wrong, &event);
    TAKES_ONLY(TRACKER, "tracker", trackside_tracker_event_within, wrong, handles[VISITOR], &event, 0, NULL);
    TAKES_ONLY(VISITOR, "visitor", trackside_tracker_event_within, handles[TRACKER], wrong, &event, 0, NULL);
    TAKES_ONLY(TRACKER, "tracker", trackside_tracker_stats, wrong, &stats);
    TAKES_ONLY(TRACKER, "tracker", trackside_tracker_explain, wrong, &request, &response, UNSAID, buffer, sizeof buffer, &size);
    TAKES_ONLY(TRACKER, "tracker", trackside_tracker_recorded, wrong, 0, &hit);
    TAKES_ONLY(TRACKER, "tracker", trackside_tracker_recorded_count, wrong, &size);
    TAKES_ONLY(TRACKER, "tracker", trackside_tracker_look, wrong, handles[HIT], &hit);
    TAKES_ONLY(HIT, "hit", trackside_tracker_look, handles[TRACKER], wrong, &hit);
    TAKES_ONLY(
        TRACKER, "tracker", trackside_tracker_encode, wrong, trackside_text("ga-v1"), handles[HIT], &outgoing, &reason);
    TAKES_ONLY(
        HIT, "hit", trackside_tracker_encode, handles[TRACKER], trackside_text("ga-v1"), wrong, &outgoing, &reason);
    CHECK(opened == NULL && stats == NULL && hit == NULL && outgoing == NULL);
}

static void exchange(void)
{
    const trackside_bytes text = trackside_text("x");
    const unsigned char blob[1] = { 1 };
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
    unsigned char verdict[64];
    property.key = event.name = text;

    TAKES_ONLY(TRACKER, "tracker", trackside_exchange_begin, wrong, &request, &begun);
    TAKES_ONLY(TRACKER, "tracker", trackside_exchange_begin_blob, wrong, blob, 1, &begun);
    TAKES_ONLY(TRACKER, "tracker", trackside_exchange_begin_lines, wrong, blob, 1, 0, &begun, NULL);
    TAKES_ONLY(EXCHANGE, "exchange", trackside_exchange_visitor_id, wrong, id);
    SAYS_NOTHING(EXCHANGE, trackside_exchange_is_new(wrong));
    trackside_choice choice = TRACKSIDE_CHOICE_UNKNOWN;
    TAKES_ONLY(EXCHANGE, "exchange", trackside_exchange_set_consent, wrong, choice, choice);
    TAKES_ONLY(EXCHANGE, "exchange", trackside_exchange_consent, wrong, &choice, &choice);
    TAKES_ONLY(EXCHANGE, "exchange", trackside_exchange_notice, wrong, &notice, &notice);
    TAKES_ONLY(EXCHANGE, "exchange", trackside_exchange_beacon, wrong, &notice);
    TAKES_ONLY(EXCHANGE, "exchange", trackside_exchange_banner, wrong, &notice);
    TAKES_ONLY(EXCHANGE, "exchange", trackside_exchange_visitor, wrong, &visitor);
    TAKES_ONLY(EXCHANGE, "exchange", trackside_exchange_set_title, wrong, text);
    TAKES_ONLY(EXCHANGE, "exchange", trackside_exchange_set_user_id, wrong, text);
    TAKES_ONLY(EXCHANGE, "exchange", trackside_exchange_set_route, wrong, text);
    TAKES_ONLY(EXCHANGE, "exchange", trackside_exchange_add_property, wrong, &property);
    TAKES_ONLY(EXCHANGE, "exchange", trackside_exchange_add_event, wrong, &event);
    TAKES_ONLY(EXCHANGE, "exchange", trackside_exchange_finish, wrong, &response);
    TAKES_ONLY(EXCHANGE, "exchange", trackside_exchange_finish_blob, wrong, blob, 1);
    TAKES_ONLY(EXCHANGE, "exchange", trackside_exchange_end_blob, wrong, blob, 1, verdict, sizeof verdict, &count);
    TAKES_ONLY(EXCHANGE, "exchange", trackside_exchange_abandon, wrong);
    TAKES_ONLY(EXCHANGE, "exchange", trackside_exchange_reason, wrong, &reason);
    TAKES_ONLY(EXCHANGE, "exchange", trackside_exchange_headers, wrong, &headers, &count);
    TAKES_ONLY(VISITOR, "visitor", trackside_visitor_id, wrong, id);
    trackside_answer *answer = NULL;
    TAKES_ONLY(TRACKER, "tracker", trackside_tracker_answer, wrong, &request, &answer);
    /* There is no answer among the others. */
    TAKES_ONLY(KINDS + 1, "answer", trackside_answer_headers, wrong, &headers, &count);
    SAYS_NOTHING(KINDS + 1, trackside_answer_status(wrong));
    SAYS_NOTHING(KINDS + 1, trackside_answer_reason(wrong));
    SAYS_NOTHING(KINDS + 1, trackside_answer_body(wrong).length != 0);
    SAYS_NOTHING(TRACKER, trackside_tracker_endpoint(wrong, 0).length != 0);
    SAYS_NOTHING(TRACKER, trackside_tracker_header(wrong, 0).length != 0);
    SAYS_NOTHING(TRACKER, trackside_tracker_asks(wrong));
    FREES_ONLY(KINDS + 1, trackside_answer_free);
    CHECK(answer == NULL);
    CHECK(begun == NULL && visitor == NULL && headers == NULL);
}

static void scratch(void)
{
    const unsigned char bytes[1] = { 1 };
    unsigned char verdict[64];
    trackside_scratch scratch = TRACKSIDE_SCRATCH_INIT;
    scratch.buffer = verdict;
    scratch.capacity = sizeof verdict;
    TAKES_ONLY(TRACKER, "tracker", scratch_begin, &scratch, wrong, bytes, 1);
    CHECK(scratch.exchange == NULL);
    for (int n = 0; n <= KINDS; n++) {
        if (n != EXCHANGE) {
            scratch.exchange = handles[n];
            REFUSES(TRACKSIDE_WRONG_HANDLE, "scratch.exchange", scratch_end, &scratch, bytes, 1);
            CHECK(scratch.exchange == handles[n]);
            CHECK_INT(scratch.needed, 0);
        }
    }
}

static void stats_and_hits(void)
{
    trackside_requests_book requests = TRACKSIDE_REQUESTS_BOOK_INIT;
    trackside_hits_book hits = TRACKSIDE_HITS_BOOK_INIT;
    trackside_property property = TRACKSIDE_PROPERTY_INIT;
    trackside_outgoing_view view = TRACKSIDE_OUTGOING_VIEW_INIT;
    const trackside_bytes body = { NULL, 0 };
    trackside_bytes text = { NULL, 0 };
    trackside_outcome outcome = 0;
    const trackside_hit *hit = NULL;
    double number = 0;
    char prometheus[10];
    size_t needed = 0;

    TAKES_ONLY(STATS, "stats", trackside_stats_requests, wrong, &requests);
    TAKES_ONLY(STATS, "stats", trackside_stats_destination, wrong, 0, &hits);
    SAYS_NOTHING(STATS, trackside_stats_skipped(wrong, TRACKSIDE_REASON_ABANDONED));
    SAYS_NOTHING(STATS, trackside_stats_hits(wrong, 0, TRACKSIDE_REASON_CLOSED));
    SAYS_NOTHING(STATS, trackside_stats_destination_count(wrong));
    TAKES_ONLY(STATS, "stats", trackside_stats_prometheus, wrong, prometheus, sizeof prometheus, &needed);
    TAKES_ONLY(HIT, "hit", trackside_hit_text, wrong, TRACKSIDE_FIELD_PATH, &text);
    TAKES_ONLY(HIT, "hit", trackside_hit_number, wrong, TRACKSIDE_NUMBER_AT, &number);
    TAKES_ONLY(HIT, "hit", trackside_hit_property, wrong, 0, &property);
    TAKES_ONLY(HIT, "hit", trackside_hit_json, wrong, &text);
    TAKES_ONLY(OUTGOING, "outgoing", trackside_outgoing_request, wrong, &view);
    /* A batch is only ever had on a worker; of the others none is one. */
    SAYS_NOTHING(KINDS + 1, trackside_batch_count(wrong));
    TAKES_ONLY(KINDS + 1, "batch", trackside_batch_hit, wrong, 0, &hit);
    TAKES_ONLY(KINDS + 1, "batch", trackside_batch_request, wrong, &view);
    TAKES_ONLY(KINDS + 1, "batch", trackside_batch_taken, wrong, 1);
    TAKES_ONLY(KINDS + 1, "batch", trackside_batch_retry_after, wrong, 1);
    TAKES_ONLY(KINDS + 1, "batch", trackside_batch_answered, wrong);
    TAKES_ONLY(KINDS + 1, "batch", trackside_batch_refuse, wrong, 0);
    TAKES_ONLY(KINDS + 1, "batch", trackside_batch_classify, wrong, 200, NULL, 0, body, &outcome);
    /* Nor is there an edit, but within a hook. */
    TAKES_ONLY(KINDS + 1, "edit", trackside_edit_text, wrong, TRACKSIDE_FIELD_PATH, body);
    TAKES_ONLY(KINDS + 1, "edit", trackside_edit_property, wrong, &property);
    TAKES_ONLY(KINDS + 1, "edit", trackside_edit_remove_property, wrong, trackside_text("x"));
    TAKES_ONLY(KINDS + 1, "edit", trackside_edit_forget_visitor, wrong);
    TAKES_ONLY(KINDS + 1, "edit", trackside_edit_forget_ip, wrong);
    CHECK(hit == NULL && text.data == NULL);
}

static void frees(void)
{
    FREES_ONLY(OPTIONS, trackside_options_free);
    FREES_ONLY(TRACKER, trackside_tracker_free);
    FREES_ONLY(EXCHANGE, trackside_exchange_free);
    FREES_ONLY(VISITOR, trackside_visitor_free);
    FREES_ONLY(STATS, trackside_stats_free);
    FREES_ONLY(HIT, trackside_hit_free);
    FREES_ONLY(OUTGOING, trackside_outgoing_free);
}

static trackside_options *options;
static trackside_tracker *tracker;
static trackside_exchange *begun;
static trackside_visitor *visitor;
static trackside_stats *stats;
static trackside_hit *hit;
static trackside_outgoing *outgoing;

static void have_one_of_each(void)
{
    tracker = open_recording(TOML);
    OK(trackside_options_new, &options);
    CHECK_INT(visit(tracker, "/"), 0);
    begun = begin_page(tracker, "/");
    OK(trackside_exchange_visitor, begun, &visitor);
    OK(trackside_tracker_stats, tracker, &stats);
    hit = recorded(tracker, 0);
    trackside_reason refused = 0;
    OK(trackside_tracker_encode, tracker, trackside_text("ga-v1"), hit, &outgoing, &refused);
    handles[OPTIONS] = options;
    handles[TRACKER] = tracker;
    handles[EXCHANGE] = begun;
    handles[VISITOR] = visitor;
    handles[STATS] = stats;
    handles[HIT] = hit;
    handles[OUTGOING] = outgoing;
    handles[KINDS] = zeroes;
}

int main(void)
{
    watchdog();
    have_one_of_each();
    options_and_tracker();
    exchange();
    scratch();
    stats_and_hits();
    frees();

    /* All of them are as they were. */
    char id[37] = "";
    trackside_outgoing_view view = TRACKSIDE_OUTGOING_VIEW_INIT;
    trackside_requests_book requests = TRACKSIDE_REQUESTS_BOOK_INIT;
    OK(trackside_outgoing_request, outgoing, &view);
    CHECK_TEXT(view.method, "POST");
    CHECK_TEXT(hit_text(hit, TRACKSIDE_FIELD_PATH), "/");
    OK(trackside_stats_requests, stats, &requests);
    CHECK_INT(requests.seen, 1);
    OK(trackside_visitor_id, visitor, id);
    CHECK_INT(strlen(id), 36);
    CHECK_INT(finish_page(begun), 0);
    CHECK_INT(books_of(tracker).requests.seen, 2);
    OK(trackside_options_toml, options, trackside_text(TOML));

    trackside_outgoing_free(outgoing);
    trackside_hit_free(hit);
    trackside_stats_free(stats);
    trackside_visitor_free(visitor);
    trackside_tracker_free(tracker);
    trackside_options_free(options);
    return 0;
}
