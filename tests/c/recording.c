/* Open, act, and read back what would have been sent: byte for byte what the golden vectors say, as fields, as
   JSON, and as the request of a protocol. */

#define _POSIX_C_SOURCE 200809L

#include "moment.h"

static size_t recorded_count(const trackside_tracker *tracker)
{
    size_t count = 99;
    OK(trackside_tracker_recorded_count, tracker, &count);
    return count;
}

static double number(const trackside_hit *hit, trackside_number which)
{
    double number = -1;
    OK(trackside_hit_number, hit, which, &number);
    return number;
}

/* tests/vectors/event-of-a-page.json */
static trackside_tracker *a_page_and_its_event(moment *moment)
{
    static const trackside_header headers[] = {
        { TRACKSIDE_TEXT("host"), TRACKSIDE_TEXT("www.example.com") },
        { TRACKSIDE_TEXT("accept"), TRACKSIDE_TEXT("text/html") },
        { TRACKSIDE_TEXT("user-agent"), TRACKSIDE_TEXT(FIREFOX) },
        { TRACKSIDE_TEXT("accept-language"), TRACKSIDE_TEXT("en-GB,en;q=0.5") },
        { TRACKSIDE_TEXT("referer"), TRACKSIDE_TEXT("https://www.google.com/") },
    };
    trackside_tracker *tracker = open_moment("consent.policy = 'none'\n", moment);
    CHECK_INT(recorded_count(tracker), 0);
    trackside_request request = page_request("/cart?utm_source=x", headers);
    request.header_count = sizeof headers / sizeof headers[0];
    request.peer = trackside_text("203.0.113.9");
    trackside_exchange *exchange = NULL;
    OK(trackside_exchange_begin, tracker, &request, &exchange);
    char id[37] = "";
    OK(trackside_exchange_visitor_id, exchange, id);
    CHECK_STRING(id, "181c4a6b-5ac4-4948-bc26-20e2391168f1");

    OK(trackside_exchange_set_title, exchange, trackside_text("Cart"));
    OK(trackside_exchange_set_user_id, exchange, trackside_text("u-42"));
    OK(trackside_exchange_set_route, exchange, trackside_text("/cart"));
    trackside_property property = TRACKSIDE_PROPERTY_INIT;
    property.key = trackside_text("plan");
    property.text = trackside_text("pro");
    OK(trackside_exchange_add_property, exchange, &property);
    add_event_of_all_parts(exchange);

    trackside_response response = page_response();
    OK(trackside_exchange_finish, exchange, &response);
    const trackside_header *appended = NULL;
    size_t count = 0;
    OK(trackside_exchange_headers, exchange, &appended, &count);
    CHECK_INT(count, 2);
    CHECK_TEXT(appended[0].value,
        "trackside=181c4a6b-5ac4-4948-bc26-20e2391168f1.1784714400.1784714400.1784714400; HttpOnly; SameSite=Lax; "
        "Path=/; Max-Age=31536000");
    CHECK_TEXT(appended[1].value, "private");
    trackside_exchange_free(exchange);
    CHECK_INT(recorded_count(tracker), 2);
    return tracker;
}

static void fields_are_read_one_by_one(const trackside_hit *page, const trackside_hit *event)
{
    CHECK_TEXT(hit_text(page, TRACKSIDE_FIELD_ID), "019f8944-917b-7ab3-9a44-90ea284aea8f");
    CHECK_TEXT(hit_text(page, TRACKSIDE_FIELD_KIND), "page");
    CHECK_TEXT(hit_text(page, TRACKSIDE_FIELD_SITE), "www.example.com");
    CHECK_TEXT(hit_text(page, TRACKSIDE_FIELD_METHOD), "GET");
    CHECK_TEXT(hit_text(page, TRACKSIDE_FIELD_PATH), "/cart");
    CHECK_TEXT(hit_text(page, TRACKSIDE_FIELD_QUERY), "utm_source=x");
    CHECK_TEXT(hit_text(page, TRACKSIDE_FIELD_REFERRER), "https://www.google.com/");
    CHECK_TEXT(hit_text(page, TRACKSIDE_FIELD_AGENT), FIREFOX);
    CHECK_TEXT(hit_text(page, TRACKSIDE_FIELD_LANGUAGE), "en-GB");
    CHECK_TEXT(hit_text(page, TRACKSIDE_FIELD_IP), "203.0.113.0");
    CHECK_TEXT(hit_text(page, TRACKSIDE_FIELD_VISITOR), "181c4a6b-5ac4-4948-bc26-20e2391168f1");
    CHECK_TEXT(hit_text(page, TRACKSIDE_FIELD_TITLE), "Cart");
    CHECK_TEXT(hit_text(page, TRACKSIDE_FIELD_USER_ID), "u-42");
    CHECK_TEXT(hit_text(page, TRACKSIDE_FIELD_ROUTE), "/cart");
    CHECK_TEXT(hit_text(page, TRACKSIDE_FIELD_NAME), "");
    CHECK_TEXT(hit_text(event, TRACKSIDE_FIELD_KIND), "event");
    CHECK_TEXT(hit_text(event, TRACKSIDE_FIELD_TITLE), "");
    CHECK_TEXT(hit_text(event, TRACKSIDE_FIELD_NAME), "add");
    CHECK_TEXT(hit_text(event, TRACKSIDE_FIELD_CATEGORY), "cart");
    CHECK_TEXT(hit_text(event, TRACKSIDE_FIELD_LABEL), "SKU-1");
    trackside_bytes text = { NULL, 77 };
    FAILS(TRACKSIDE_INVALID_ARGUMENT, "field", trackside_hit_text, page, -1, &text);
    FAILS(TRACKSIDE_INVALID_ARGUMENT, "field", trackside_hit_text, page, 9999, &text);
    CHECK_INT(text.length, 77);

    CHECK(number(page, TRACKSIDE_NUMBER_AT) == 1784714400123456.0);
    CHECK(number(page, TRACKSIDE_NUMBER_FIRST_VISIT) == 1784714400.0);
    CHECK(number(page, TRACKSIDE_NUMBER_SESSION) == 1784714400.0);
    CHECK(number(page, TRACKSIDE_NUMBER_STATUS) == 200.0);
    CHECK(number(page, TRACKSIDE_NUMBER_SECURE) == 0.0);
    CHECK(number(page, TRACKSIDE_NUMBER_NEW) == 1.0);
    CHECK(number(event, TRACKSIDE_NUMBER_VALUE) == 2.0);
    double none = 77;
    FAILS(TRACKSIDE_NOT_FOUND, "", trackside_hit_number, page, TRACKSIDE_NUMBER_VALUE, &none);
    FAILS(TRACKSIDE_INVALID_ARGUMENT, "number", trackside_hit_number, page, 9999, &none);
    CHECK(none == 77);
}

static void properties_are_read_one_by_one(const trackside_hit *page, const trackside_hit *event)
{
    trackside_property property = TRACKSIDE_PROPERTY_INIT;
    OK(trackside_hit_property, page, 0, &property);
    CHECK_TEXT(property.key, "plan");
    CHECK_INT(property.type, TRACKSIDE_TYPE_TEXT);
    CHECK_TEXT(property.text, "pro");
    OK(trackside_hit_property, event, 1, &property);
    CHECK_TEXT(property.key, "gift");
    CHECK_INT(property.type, TRACKSIDE_TYPE_TRUTH);
    CHECK(!property.truth);
    CHECK_INT(property.size, sizeof property);
    FAILS(TRACKSIDE_NOT_FOUND, "index", trackside_hit_property, page, 1, &property);
    FAILS(TRACKSIDE_NOT_FOUND, "index", trackside_hit_property, event, SIZE_MAX, &property);
}

static void hits_are_as_the_vector_says(void)
{
    moment moment = { UINT64_C(1784714400123456),
        "2ab31a4490ea284aea8fee45356934be181c4a6b5ac40948fc2620e2391168f17e62ed16df2e36f9c020a82f57982dab483da1bc"
        "99028547635a53252bf142ea" };
    trackside_tracker *tracker = a_page_and_its_event(&moment);
    trackside_hit *page = recorded(tracker, 0), *event = recorded(tracker, 1), *none = NULL;
    FAILS(TRACKSIDE_NOT_FOUND, "index", trackside_tracker_recorded, tracker, 2, &none);
    CHECK(none == NULL);
    /* A hit outlives its tracker. */
    trackside_tracker_free(tracker);
    fields_are_read_one_by_one(page, event);
    properties_are_read_one_by_one(page, event);
#define SHARED \
    "\"at\":1784714400123456,\"site\":\"www.example.com\",\"secure\":false,\"method\":\"GET\",\"path\":\"/cart\"," \
    "\"query\":\"utm_source=x\",\"status\":200,\"referrer\":\"https://www.google.com/\",\"agent\":\"" FIREFOX \
    "\",\"language\":\"en-GB\",\"ip\":\"203.0.113.0\",\"visitor\":\"181c4a6b-5ac4-4948-bc26-20e2391168f1\"," \
    "\"new\":true,\"first_visit\":1784714400,\"session\":1784714400,\"user_id\":\"u-42\","
    JSON_OF(page,
        "{\"id\":\"019f8944-917b-7ab3-9a44-90ea284aea8f\",\"kind\":\"page\"," SHARED
        "\"title\":\"Cart\",\"route\":\"/cart\",\"properties\":{\"plan\":\"pro\"}}");
    JSON_OF(event,
        "{\"id\":\"019f8944-917b-7e62-ad16-df2e36f9c020\",\"kind\":\"event\"," SHARED
        "\"route\":\"/cart\",\"name\":\"add\",\"category\":\"cart\",\"label\":\"SKU-1\",\"value\":2,"
        "\"properties\":{\"colour\":\"red\",\"gift\":false}}");
    JSON_OF(page,
        "{\"id\":\"019f8944-917b-7ab3-9a44-90ea284aea8f\",\"kind\":\"page\"," SHARED
        "\"title\":\"Cart\",\"route\":\"/cart\",\"properties\":{\"plan\":\"pro\"}}");
    trackside_hit_free(page);
    trackside_hit_free(event);
}

/* Of the destinations that see this hit, each has its own request for it. */
static void a_hit_is_encoded_for_each_destination(void)
{
    static const char toml[] =
        "consent.policy = 'none'\ntrack.bots = 'keep'\n"
        "[[destination]]\ntype = 'ga-v1'\ntracking_id = 'UA-12345-6'\nurl = 'https://collect.example.com/collect'\n"
        "[[destination]]\ntype = 'ga4'\nmeasurement_id = 'G-ABC123'\napi_secret = 's3cretKey0'\n"
        "[[destination]]\ntype = 'file'\nname = 'log'\npath = '-'\n"
        "[[destination]]\ntype = 'ga-v1'\nname = 'strict'\nip = 'none'\ntracking_id = 'UA-1-1'\n";
    moment moment = { UINT64_C(1784714400123456),
        "a3159399d6aff3f37e4bacdbef4fdf1d2f09fa073f5ad7db54cfa9134b27499c37cb896cf66f35385cc1f7933a624ddd7df51144"
        "019d8707dc43f6be524762a0" };
    trackside_tracker *tracker = open_moment(toml, &moment);
    trackside_header headers[2] = { BROWSER[0],
        { TRACKSIDE_TEXT("cookie"),
            TRACKSIDE_TEXT("trackside=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11.1784714391.1784714391.1784714391") } };
    trackside_request request = page_request("/a%20b?utm_source=x", headers);
    trackside_exchange *exchange = NULL;
    OK(trackside_exchange_begin, tracker, &request, &exchange);
    CHECK_INT(finish_page(exchange), 0);
    /* One record for each policy about the address. */
    CHECK_INT(recorded_count(tracker), 2);

    trackside_hit *hit = recorded(tracker, 0);
    trackside_outgoing *outgoing = NULL;
    trackside_reason refused = 77;
    OK(trackside_tracker_encode, tracker, trackside_text("ga-v1"), hit, &outgoing, &refused);
    trackside_outgoing_view view = TRACKSIDE_OUTGOING_VIEW_INIT;
    OK(trackside_outgoing_request, outgoing, &view);
    CHECK_TEXT(view.method, "POST");
    CHECK_TEXT(view.url, "https://collect.example.com/collect");
    CHECK_TEXT(view.shown_url, "https://collect.example.com/collect");
    CHECK_INT(view.header_count, 1);
    CHECK_TEXT(view.headers[0].name, "content-type");
    CHECK_TEXT(view.headers[0].value, "application/x-www-form-urlencoded");
    /* tests/vectors/ga-v1-page-minimal.json */
    CHECK_TEXT(view.body,
        "v=1&z=1945337419&t=pageview&dh=www.example.com&dp=%2Fa%20b&tid=UA-12345-6&"
        "cid=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11&cs=x");
    trackside_outgoing_free(outgoing);

    OK(trackside_tracker_encode, tracker, trackside_text("ga4"), hit, &outgoing, &refused);
    OK(trackside_outgoing_request, outgoing, &view);
    CHECK_TEXT(view.url,
        "https://www.google-analytics.com/mp/collect?measurement_id=G-ABC123&api_secret=s3cretKey0");
    CHECK_TEXT(view.shown_url, "https://www.google-analytics.com/mp/collect?measurement_id=G-ABC123&api_secret=***");
    trackside_outgoing_free(outgoing);

    outgoing = NULL;
    FAILS(TRACKSIDE_UNSUPPORTED, "log", trackside_tracker_encode, tracker, trackside_text("log"), hit, &outgoing,
        &refused);
    FAILS(TRACKSIDE_NOT_FOUND, "nobody", trackside_tracker_encode, tracker, trackside_text("nobody"), hit, &outgoing,
        &refused);
    FAILS(TRACKSIDE_NOT_FOUND, "strict", trackside_tracker_encode, tracker, trackside_text("strict"), hit, &outgoing,
        &refused);
    CHECK(outgoing == NULL);
    trackside_hit_free(hit);
    trackside_tracker_free(tracker);
}

/* What a receiver would not count is refused with the reason. */
static void a_refused_hit_has_its_reason(void)
{
    trackside_tracker *tracker = open_recording(
        "visitor.identity = 'none'\ntrack.bots = 'keep'\n[[destination]]\ntype = 'ga-v1'\ntracking_id = 'UA-1-1'\n");
    CHECK_INT(visit(tracker, "/"), 0);
    trackside_hit *hit = recorded(tracker, 0);
    trackside_outgoing *outgoing = NULL;
    trackside_reason refused = 0;
    FAILS(TRACKSIDE_REFUSED, "no-visitor", trackside_tracker_encode, tracker, trackside_text("ga-v1"), hit, &outgoing,
        &refused);
    CHECK_INT(refused, TRACKSIDE_REASON_NO_VISITOR);
    CHECK(outgoing == NULL);
    trackside_hit_free(hit);
    trackside_tracker_free(tracker);
}

static void a_tracker_that_records_nothing_says_so(void)
{
    trackside_tracker *tracker = open_options(options_of("consent.policy = 'none'\n"));
    trackside_hit *hit = NULL;
    size_t count = 77;
    FAILS(TRACKSIDE_UNSUPPORTED, "record", trackside_tracker_recorded, tracker, 0, &hit);
    FAILS(TRACKSIDE_UNSUPPORTED, "record", trackside_tracker_recorded_count, tracker, &count);
    CHECK_INT(count, 77);
    trackside_tracker_free(tracker);
}

int main(void)
{
    watchdog();
    hits_are_as_the_vector_says();
    a_hit_is_encoded_for_each_destination();
    a_refused_hit_has_its_reason();
    a_tracker_that_records_nothing_says_so();
    return 0;
}
