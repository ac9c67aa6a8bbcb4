// Package iam has the actions on AWS Identity and Access Management that take power from whoever should not have it.
//
// Start at [DeactivateAccessKey], which switches a long-term key off, [Quarantine], which denies a user or role everything,
// and [RevokeSessions], which denies everything to the sessions that exist. The last two put an inline policy of their own
// onto the user or role: what they share is in inline.go. Whom an ARN names is in principal.go, riposte's own user or role in
// own.go, and what people are told of those who cannot be acted on in elsewhere.go. The others are settings, a file each; what
// those share is in entity.go.
package iam
