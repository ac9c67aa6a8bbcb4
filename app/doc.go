// Package app wires riposte together. route.go reads in the order in which an event travels; start there.
//
// config.go is the configuration file, aws.go the accounts and credentials, adapters.go the few places where one part's
// words have to be put into another's, report.go what people are told, http.go the surface.
package app
