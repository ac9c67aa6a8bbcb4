// Package http sends events to HTTPS endpoints, as EventBridge's API destinations do
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html).
//
// Start at [New]. A target names a [Connection], which says how to authenticate (API key, basic, OAuth client
// credentials), the method, what to add to each request, and how many a second the endpoint bears. An answer of 2xx is
// success; 401, 407, 409, 429 and 5xx are tried again, and so is no answer within 5 seconds; any other is final. Secrets
// are read from files for each use, so that they can be rotated, and appear in no error.
package http
