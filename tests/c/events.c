/* Events in an exchange and outside of one, and their properties. */

#define _POSIX_C_SOURCE 200809L

#include <math.h>

#include "moment.h"

static const char TOML[] = "consent.policy = 'none'\ntrack.ignore = ['/admin/']\n";

static trackside_event event_of(const char *name)
{
    trackside_event event = TRACKSIDE_EVENT_INIT;
    event.name = trackside_text(name);
    return event;
}

static size_t recorded_count(const trackside_tracker *tracker)
{
    size_t count = 99;
    OK(trackside_tracker_recorded_count, tracker, &count);
    return count;
}

/* The skipped method holds back the page, not the purchase. */
static void an_event_of_a_post_is_sent(void)
{
    trackside_tracker *tracker = open_recording(TOML);
    trackside_request request = page_request("/checkout", BROWSER);
    request.method = trackside_text("POST");
    trackside_exchange *exchange = NULL;
    OK(trackside_exchange_begin, tracker, &request, &exchange);
    trackside_event event = event_of("purchase");
    OK(trackside_exchange_add_event, exchange, &event);
    CHECK_INT(finish_page(exchange), TRACKSIDE_REASON_METHOD);
    CHECK_INT(recorded_count(tracker), 1);
    trackside_hit *hit = recorded(tracker, 0);
    CHECK_TEXT(hit_text(hit, TRACKSIDE_FIELD_NAME), "purchase");
    CHECK_TEXT(hit_text(hit, TRACKSIDE_FIELD_METHOD), "POST");
    CHECK_TEXT(hit_text(hit, TRACKSIDE_FIELD_PATH), "/checkout");
    trackside_hit_free(hit);
    trackside_tracker_free(tracker);
}

static void events_that_are_held_back(void)
{
    trackside_tracker *tracker = open_recording(TOML);
    trackside_event event = event_of("seen");
    trackside_exchange *exchange = begin_page(tracker, "/admin/");
    OK(trackside_exchange_add_event, exchange, &event);
    CHECK_INT(finish_page(exchange), TRACKSIDE_REASON_IGNORED);
    exchange = begin_page(tracker, "/");
    OK(trackside_exchange_add_event, exchange, &event);
    OK(trackside_exchange_abandon, exchange);
    trackside_exchange_free(exchange);
    CHECK_INT(recorded_count(tracker), 0);
    trackside_tracker_free(tracker);
}

/* What comes after the verdict is refused and counted. */
static void late_annotations_are_counted(void)
{
    trackside_tracker *tracker = open_recording(TOML);
    trackside_event event = event_of("late");
    trackside_property property = TRACKSIDE_PROPERTY_INIT;
    property.key = trackside_text("late");
    for (int n = 0; n < 2; n++) {
        trackside_exchange *exchange = begin_page(tracker, "/");
        trackside_response response = page_response();
        if (n == 0) {
            OK(trackside_exchange_finish, exchange, &response);
        } else {
            OK(trackside_exchange_abandon, exchange);
        }
        FAILS(TRACKSIDE_FINISHED, "", trackside_exchange_add_event, exchange, &event);
        FAILS(TRACKSIDE_FINISHED, "", trackside_exchange_add_property, exchange, &property);
        FAILS(TRACKSIDE_FINISHED, "", trackside_exchange_set_title, exchange, trackside_text("late"));
        FAILS(TRACKSIDE_FINISHED, "", trackside_exchange_set_user_id, exchange, trackside_text("late"));
        FAILS(TRACKSIDE_FINISHED, "", trackside_exchange_set_route, exchange, trackside_text("late"));
        trackside_exchange_free(exchange);
    }
    CHECK_INT(books_of(tracker).requests.late, 10);
    CHECK_INT(recorded_count(tracker), 1);
    trackside_tracker_free(tracker);
}

/* Whatever is set twice is what was said last; properties and events are kept, in order. */
static void later_words_stand(void)
{
    trackside_tracker *tracker = open_recording(TOML);
    trackside_exchange *exchange = begin_page(tracker, "/");
    OK(trackside_exchange_set_title, exchange, trackside_text("first"));
    OK(trackside_exchange_set_title, exchange, trackside_text("second"));
    trackside_property property = TRACKSIDE_PROPERTY_INIT;
    property.key = trackside_text("k");
    for (int n = 0; n < 3; n++) {
        property.type = TRACKSIDE_TYPE_NUMBER;
        property.number = n + 0.5;
        OK(trackside_exchange_add_property, exchange, &property);
        trackside_event event = event_of(n == 0 ? "a" : n == 1 ? "b" : "c");
        OK(trackside_exchange_add_event, exchange, &event);
    }
    CHECK_INT(finish_page(exchange), 0);
    CHECK_INT(recorded_count(tracker), 4);
    trackside_hit *hit = recorded(tracker, 0);
    CHECK_TEXT(hit_text(hit, TRACKSIDE_FIELD_TITLE), "second");
    for (size_t n = 0; n < 3; n++) {
        OK(trackside_hit_property, hit, n, &property);
        CHECK_INT(property.type, TRACKSIDE_TYPE_NUMBER);
        CHECK(property.number == (double)n + 0.5);
    }
    trackside_hit_free(hit);
    for (size_t n = 0; n < 3; n++) {
        hit = recorded(tracker, n + 1);
        CHECK_TEXT(hit_text(hit, TRACKSIDE_FIELD_NAME), n == 0 ? "a" : n == 1 ? "b" : "c");
        trackside_hit_free(hit);
    }
    trackside_tracker_free(tracker);
}

/* A number that is none is left out; absent and zero are two things. */
static void values_are_numbers_or_absent(void)
{
    static const struct {
        double value;
        bool has_value, is_there;
    } rows[] = { { 0, true, true }, { 0, false, false }, { -1.5, true, true }, { NAN, true, false },
        { INFINITY, true, false } };
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
        trackside_tracker *tracker = open_recording(TOML);
        trackside_exchange *exchange = begin_page(tracker, "/");
        trackside_event event = event_of("valued");
        event.value = rows[n].value;
        event.has_value = rows[n].has_value;
        OK(trackside_exchange_add_event, exchange, &event);
        CHECK_INT(finish_page(exchange), 0);
        trackside_hit *hit = recorded(tracker, 1);
        double value = 77;
        trackside_status status = trackside_hit_number(hit, TRACKSIDE_NUMBER_VALUE, &value, NULL);
        CHECK_INT(status, rows[n].is_there ? TRACKSIDE_OK : TRACKSIDE_NOT_FOUND);
        CHECK(value == (rows[n].is_there ? rows[n].value : 77));
        trackside_hit_free(hit);
        trackside_tracker_free(tracker);
    }
}

static void wrong_events_are_refused(void)
{
    trackside_tracker *tracker = open_recording(TOML);
    trackside_exchange *exchange = begin_page(tracker, "/");
    const trackside_bytes wrong = { "\xff", 1 }, none = { NULL, 1 };
    trackside_event event = event_of("x");
    event.name = wrong;
    REFUSES(TRACKSIDE_INVALID_UTF8, "name", trackside_exchange_add_event, exchange, &event);
    event.name = none;
    REFUSES(TRACKSIDE_NULL_ARGUMENT, "name", trackside_exchange_add_event, exchange, &event);
    event = event_of("x");
    event.category = wrong;
    REFUSES(TRACKSIDE_INVALID_UTF8, "category", trackside_exchange_add_event, exchange, &event);
    event = event_of("x");
    event.label = wrong;
    REFUSES(TRACKSIDE_INVALID_UTF8, "label", trackside_exchange_add_event, exchange, &event);
    event = event_of("x");
    event.property_count = 1;
    REFUSES(TRACKSIDE_NULL_ARGUMENT, "properties", trackside_exchange_add_event, exchange, &event);
    event = event_of("x");
    event.size = 8;
    REFUSES(TRACKSIDE_INVALID_ARGUMENT, "size", trackside_exchange_add_event, exchange, &event);

    trackside_property property = TRACKSIDE_PROPERTY_INIT;
    property.key = wrong;
    REFUSES(TRACKSIDE_INVALID_UTF8, "key", trackside_exchange_add_property, exchange, &property);
    property.key = trackside_text("k");
    property.text = wrong;
    REFUSES(TRACKSIDE_INVALID_UTF8, "text", trackside_exchange_add_property, exchange, &property);
    property.text = trackside_text("");
    property.type = 3;
    REFUSES(TRACKSIDE_INVALID_ARGUMENT, "type", trackside_exchange_add_property, exchange, &property);
    property.type = -1;
    REFUSES(TRACKSIDE_INVALID_ARGUMENT, "type", trackside_exchange_add_property, exchange, &property);
    property.type = TRACKSIDE_TYPE_TRUTH;
    property.size = 0;
    REFUSES(TRACKSIDE_INVALID_ARGUMENT, "size", trackside_exchange_add_property, exchange, &property);

    /* A second property of an event that says another size. */
    trackside_property properties[2] = { TRACKSIDE_PROPERTY_INIT, TRACKSIDE_PROPERTY_INIT };
    properties[0].key = properties[1].key = trackside_text("k");
    properties[1].size = 0;
    event = event_of("x");
    event.properties = properties;
    event.property_count = 2;
    REFUSES(TRACKSIDE_INVALID_ARGUMENT, "size", trackside_exchange_add_event, exchange, &event);
    event.property_count = SIZE_MAX;
    REFUSES(TRACKSIDE_INVALID_ARGUMENT, "properties", trackside_exchange_add_event, exchange, &event);

    /* None of them was kept. */
    CHECK_INT(finish_page(exchange), 0);
    CHECK_INT(recorded_count(tracker), 1);
    trackside_hit *hit = recorded(tracker, 0);
    property.size = sizeof property;
    FAILS(TRACKSIDE_NOT_FOUND, "", trackside_hit_property, hit, 0, &property);
    trackside_hit_free(hit);
    trackside_tracker_free(tracker);
}

/* Later, when the exchange is long gone: the visitor's own, with a name of its own. */
static void a_visitor_has_events_later(void)
{
    moment moment = { UINT64_C(1784714400123456),
        "2ab31a4490ea284aea8fee45356934be181c4a6b5ac40948fc2620e2391168f17e62ed16df2e36f9c020a82f57982dab483da1bc"
        "99028547635a53252bf142ea" };
    trackside_tracker *tracker = open_moment(TOML, &moment);
    trackside_exchange *exchange = begin_page(tracker, "/signup");
    trackside_visitor *visitor = NULL;
    OK(trackside_exchange_visitor, exchange, &visitor);
    CHECK_INT(finish_page(exchange), 0);

    moment.now += UINT64_C(60000000);
    trackside_property properties[1] = { TRACKSIDE_PROPERTY_INIT };
    properties[0].key = trackside_text("plan");
    properties[0].text = trackside_text("pro");
    trackside_event event = event_of("mail confirmed");
    event.properties = properties;
    event.property_count = 1;
    OK(trackside_tracker_event, tracker, visitor, &event);
    char id[37] = "";
    OK(trackside_visitor_id, visitor, id);
    CHECK_STRING(id, "181c4a6b-5ac4-4948-bc26-20e2391168f1");
    trackside_visitor_free(visitor);
    RECORDED(tracker, 1,
        "{\"id\":\"019f8945-7bdb-7e62-ad16-df2e36f9c020\",\"kind\":\"event\",\"at\":1784714460123456,"
        "\"site\":\"www.example.com\",\"secure\":false,\"visitor\":\"181c4a6b-5ac4-4948-bc26-20e2391168f1\","
        "\"new\":true,\"first_visit\":1784714400,\"session\":1784714400,\"name\":\"mail confirmed\","
        "\"properties\":{\"plan\":\"pro\"}}");
    CHECK_INT(books_of(tracker).hits.offered, 2);
    CHECK_INT(books_of(tracker).requests.seen, 1);
    trackside_tracker_free(tracker);
}

/* Where nobody is told apart there is a visitor without an id, whose events count all the same. */
static void nobody_has_events_too(void)
{
    trackside_tracker *tracker = open_recording("visitor.identity = 'none'\n");
    trackside_exchange *exchange = begin_page(tracker, "/");
    char id[37] = "untouched";
    FAILS(TRACKSIDE_NOT_FOUND, "visitor", trackside_exchange_visitor_id, exchange, id);
    trackside_visitor *visitor = NULL;
    OK(trackside_exchange_visitor, exchange, &visitor);
    FAILS(TRACKSIDE_NOT_FOUND, "visitor", trackside_visitor_id, visitor, id);
    CHECK_STRING(id, "untouched");
    CHECK_INT(finish_page(exchange), 0);
    trackside_event event = event_of("anonymous");
    OK(trackside_tracker_event, tracker, visitor, &event);
    CHECK_INT(recorded_count(tracker), 2);
    trackside_visitor_free(visitor);
    trackside_tracker_free(tracker);
}

/* Who can wait is told why nobody took an event: here for no want of room. */
static void an_importer_is_told_what_became_of_an_event(void)
{
    trackside_tracker *tracker = open_recording(TOML);
    trackside_exchange *exchange = begin_page(tracker, "/");
    trackside_visitor *visitor = NULL;
    OK(trackside_exchange_visitor, exchange, &visitor);
    CHECK_INT(finish_page(exchange), 0);
    trackside_event event = event_of("imported");
    trackside_reason reason = 77;
    OK(trackside_tracker_event_within, tracker, visitor, &event, 60000, &reason);
    CHECK_INT(reason, TRACKSIDE_REASON_NONE);
    OK(trackside_tracker_event_within, tracker, visitor, &event, 0, NULL);
    CHECK_INT(recorded_count(tracker), 3);
    OK(trackside_tracker_close, tracker, 0, NULL);
    OK(trackside_tracker_event_within, tracker, visitor, &event, UINT64_MAX, &reason);
    CHECK_INT(reason, TRACKSIDE_REASON_CLOSED);
    reason = 77;
    event.size = 0;
    REFUSES(TRACKSIDE_INVALID_ARGUMENT, "event", trackside_tracker_event_within, tracker, visitor, &event, 0, &reason);
    CHECK_INT(reason, 77);
    trackside_visitor_free(visitor);
    trackside_tracker_free(tracker);
}

int main(void)
{
    watchdog();
    an_event_of_a_post_is_sent();
    events_that_are_held_back();
    late_annotations_are_counted();
    later_words_stand();
    values_are_numbers_or_absent();
    wrong_events_are_refused();
    a_visitor_has_events_later();
    nobody_has_events_too();
    an_importer_is_told_what_became_of_an_event();
    return 0;
}
