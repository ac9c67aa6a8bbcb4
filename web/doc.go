// Package web is riposte's HTTP surface: health, metrics, the intake of events and the API behind the command line.
//
// Start at server.go, routes: it lists every route with the role that it needs. auth.go finds out who calls, by SigV4 (sigv4.go) or by
// a key in a header; nothing that changes state is reached without it.
package web
