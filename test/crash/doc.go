// Package crash kills riposte with SIGKILL at the worst moments and sees that the next start finishes what was begun, once.
// The test binary starts itself as the engine (engine_test.go), so that the process that dies is a real one; the sandbox AWS,
// the mail server and the judgement live in the parent.
package crash
