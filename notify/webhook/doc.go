// Package webhook posts notifications to an address of the user's choice, signed as Standard Webhooks has it
// (https://www.standardwebhooks.com).
//
// Start at [New]; [Channel.Send] is one POST. [Payload] is what is posted. The header webhook-id is the same for every
// attempt of a delivery, so that a receiver can drop what it has seen; with a secret, webhook-signature lets it tell a
// forged one.
package webhook
