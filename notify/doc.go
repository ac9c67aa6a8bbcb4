// Package notify tells people what happened: once, soon, on every channel that they asked for, and durably.
//
// Start at [New] and [Router.Notify]; [Message] is what callers fill in. A notice passes the stages in this order, a file
// each:
//
//	clean ─► redact ─► route ─► render ─► enqueue        Router.Notify: returns when every delivery is on disk
//	                                         │
//	                            queue per channel ─► deliver ─► Channel.Send      Router.Run
//
// One notice becomes one [Delivery] for each channel, and on a channel that writes to people one for each recipient, so
// that neither a channel that is down nor a mailbox that does not exist holds up the others or has them told twice.
//
// A delivery is at-least-once with a stable id: [Log] is asked before each attempt, and the id travels as the mail's
// Message-ID or a message attribute, by which the receiver can tell the rare second copy. A failure that may pass
// (fault.Retryable) is tried again for a day, with growing pauses; any other, and the day's end, makes a dead letter.
//
// Channels are in the packages below (smtp, sns). [Redact] and [RedactJSON] serve whoever else shows events to people.
package notify
