// Package sandbox is an AWS look-alike over HTTP, for demonstrations and tests.
// The real SDKs and the aws CLI use it through their endpoint setting; it
// verifies their signatures, evaluates IAM policies, keeps state per account
// and region, records management calls as CloudTrail does, and delivers the
// records as EventBridge does. It imports nothing of riposte, so that a
// mistake there can't cancel one here.
//
// Start with [New] and [Sandbox.Serve] (or [Sandbox.Handler]); create accounts,
// users and roles by [Sandbox.CreateAccount] and what it returns. Watch with
// [Sandbox.Calls] and [Options.OnEvent]; disturb with [Sandbox.AddFault] and
// [Sandbox.AddStaleness]. CloudTrail's files reach S3 in the intervals of
// [Options.LogFiles], or by [Sandbox.DeliverLogFiles] and [Sandbox.DeliverDigests].
//
// How an event travels by rules to targets is in eventbridge_route.go; who takes
// what services deliver, in receiver.go. How a request travels is in serve.go: identify, authenticate, decode, disturb,
// authorize, handle, record, answer. A service is a list of operations in a
// file of its name (cloudtrail.go, sts.go, …), joined in services.go; an
// operation is a name, the IAM action where it differs, and a handler. Wire
// shapes come from AWS's API models: riposte.dev/sandbox/wire. Signatures are
// in riposte.dev/sandbox/sigv4, policies in riposte.dev/sandbox/policy.
package sandbox
