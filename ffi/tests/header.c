/* Compiled, and never run, by header.rs, which includes the header once more before it. */
#include "../include/trackside.h"

trackside_error error = TRACKSIDE_ERROR_INIT;
trackside_event event = TRACKSIDE_EVENT_INIT;
trackside_hits_book hits = TRACKSIDE_HITS_BOOK_INIT;
trackside_left left = TRACKSIDE_LEFT_INIT;
trackside_property property = TRACKSIDE_PROPERTY_INIT;
trackside_request request = TRACKSIDE_REQUEST_INIT;
trackside_requests_book requests = TRACKSIDE_REQUESTS_BOOK_INIT;
trackside_response response = TRACKSIDE_RESPONSE_INIT;
trackside_outgoing_view outgoing = TRACKSIDE_OUTGOING_VIEW_INIT;
trackside_sink sink = TRACKSIDE_SINK_INIT;
trackside_bytes text = TRACKSIDE_TEXT("literal");

int main(void) {
  trackside_bytes local = TRACKSIDE_TEXT("literal");
  return trackside_text("text").length == local.length;
}
