/* The header in C++: its macros, its inline function, and functions that are linked. */

#include <trackside.h>

#include <cstring>
#include <string>

#include <unistd.h>

namespace {

const trackside_header headers[] = {
    { TRACKSIDE_TEXT("host"), TRACKSIDE_TEXT("www.example.com") },
    { TRACKSIDE_TEXT("accept"), TRACKSIDE_TEXT("text/html") },
};

bool is(trackside_bytes bytes, const char *expected)
{
    return std::string(bytes.data, bytes.length) == expected;
}

/* All structs that grow, as their macros make them. */
bool sizes_are_set()
{
    trackside_error error = TRACKSIDE_ERROR_INIT;
    trackside_left left = TRACKSIDE_LEFT_INIT;
    trackside_request request = TRACKSIDE_REQUEST_INIT;
    trackside_response response = TRACKSIDE_RESPONSE_INIT;
    trackside_property property = TRACKSIDE_PROPERTY_INIT;
    trackside_event event = TRACKSIDE_EVENT_INIT;
    trackside_requests_book requests = TRACKSIDE_REQUESTS_BOOK_INIT;
    trackside_hits_book hits = TRACKSIDE_HITS_BOOK_INIT;
    trackside_outgoing_view view = TRACKSIDE_OUTGOING_VIEW_INIT;
    trackside_sink sink = TRACKSIDE_SINK_INIT;
    trackside_scratch scratch = TRACKSIDE_SCRATCH_INIT;
    return error.size == sizeof error && left.size == sizeof left && request.size == sizeof request
        && response.size == sizeof response && property.size == sizeof property && event.size == sizeof event
        && requests.size == sizeof requests && hits.size == sizeof hits && view.size == sizeof view
        && sink.size == sizeof sink && scratch.size == sizeof scratch;
}

bool a_page_is_recorded()
{
    trackside_error error = TRACKSIDE_ERROR_INIT;
    trackside_options *options = nullptr;
    trackside_tracker *tracker = nullptr;
    trackside_exchange *exchange = nullptr;
    trackside_hit *hit = nullptr;
    trackside_request request = TRACKSIDE_REQUEST_INIT;
    request.method = trackside_text("GET");
    request.target = trackside_text("/from-c++");
    request.headers = headers;
    request.header_count = 2;
    const trackside_header html = { TRACKSIDE_TEXT("content-type"), TRACKSIDE_TEXT("text/html") };
    trackside_response response = TRACKSIDE_RESPONSE_INIT;
    response.status = 200;
    response.headers = &html;
    response.header_count = 1;
    trackside_bytes path = { nullptr, 0 };
    bool done = trackside_options_new(&options, &error) == TRACKSIDE_OK
        && trackside_options_toml(options, trackside_text("consent.policy = 'none'"), &error) == TRACKSIDE_OK
        && trackside_options_recording(options, &error) == TRACKSIDE_OK
        && trackside_tracker_open(options, &tracker, &error) == TRACKSIDE_OK
        && trackside_exchange_begin(tracker, &request, &exchange, &error) == TRACKSIDE_OK
        && trackside_exchange_finish(exchange, &response, &error) == TRACKSIDE_OK
        && trackside_tracker_recorded(tracker, 0, &hit, &error) == TRACKSIDE_OK
        && trackside_hit_text(hit, TRACKSIDE_FIELD_PATH, &path, &error) == TRACKSIDE_OK
        && is(path, "/from-c++");
    trackside_hit_free(hit);
    trackside_exchange_free(exchange);
    trackside_tracker_free(tracker);
    trackside_options_free(options);
    return done;
}

}

int main()
{
    /* Ended by a signal if it does not end by itself. */
    alarm(300);
    bool same_version = std::strcmp(trackside_version(), TRACKSIDE_VERSION) == 0;
    return same_version && sizes_are_set() && a_page_is_recorded() ? 0 : 1;
}
