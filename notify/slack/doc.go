// Package slack posts notifications to a Slack channel by an incoming webhook
// (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).
//
// Start at [New]; [Channel.Send] is one call. The webhook's URL is all that it takes to write to the channel, so it comes
// from a file and is in no error. Slack keeps no ids of messages: one that was posted without our learning of it is posted
// again.
package slack
