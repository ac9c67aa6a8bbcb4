package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"riposte.dev/sandbox/wire"
)

// The longest payloads of invocations, in bytes
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
const (
	maxSyncPayload  = 6 << 20
	maxAsyncPayload = 1 << 20
)

func invokeFunction(c *call) (wire.Object, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	payload, _ := c.in["Payload"].([]byte)
	kind, most := orElse(c.in.str("InvocationType"), "RequestResponse"), maxSyncPayload
	switch kind {
	case "RequestResponse", "DryRun":
	case "Event":
		most = maxAsyncPayload
	default:
		return nil, invalidFunction("Unknown invocation type: %.64s", kind)
	}
	switch {
	case len(payload) > most:
		return nil, wire.Errorf("RequestTooLargeException", "Request must be smaller than %d bytes for the InvokeFunction operation", most)
	case len(payload) > 0 && !json.Valid(payload):
		return nil, wire.Errorf("InvalidRequestContentException", "Could not parse request body into json: the payload is not JSON")
	}
	answer := &wire.Response{Header: http.Header{"X-Amzn-Requestid": {c.requestID}, "Content-Type": {"application/json"}, "X-Amz-Executed-Version": {"$LATEST"}}}
	c.answer = answer
	switch kind {
	case "DryRun":
		answer.Status = http.StatusNoContent
		return nil, nil
	case "Event":
		answer.Status = http.StatusAccepted
	default:
		answer.Status, answer.Body = http.StatusOK, f.log.answer
		if f.log.failed {
			answer.Header.Set("X-Amz-Function-Error", "Unhandled")
		}
	}
	answer.Header.Set("Content-Length", strconv.Itoa(len(answer.Body)))
	c.sb.noteInvocation(f, kind, payload)
	return nil, nil
}

// noteInvocation notes an invocation. The lock is held.
func (s *Sandbox) noteInvocation(f *function, kind string, payload []byte) {
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	f.log.note(Invocation{Time: s.opts.Clock.Now().UTC(), Function: f.ref.arn(), Type: kind, Payload: slices.Clone(payload)})
}

// mayInvoke says whether a service may invoke the function with an ARN. The
// lock is held. Its error is an *undelivered.
func (s *Sandbox) mayInvoke(from sender, functionARN string) error {
	f := s.functionAt(functionARN)
	if f == nil {
		return refused("NO_RESOURCE", "there is no function %s", functionARN)
	}
	return s.permits(from, "lambda:InvokeFunction", f.ref.arn(), f.policy())
}

// takeLambda takes what another service delivers: an asynchronous invocation.
func (s *Sandbox) takeLambda(d delivery) error {
	if err := s.mayInvoke(d.from, d.arn); err != nil {
		return err
	}
	if len(d.payload) > maxAsyncPayload {
		return refused("INVALID_PARAMETER", "the payload has %d bytes, at most %d are taken", len(d.payload), maxAsyncPayload)
	}
	s.noteInvocation(s.functionAt(d.arn), "Event", d.payload)
	return nil
}

// Invocations are the invocations of the function with an ARN, oldest first, at
// most the last 1,000.
func (s *Sandbox) Invocations(functionARN string) []Invocation {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.functionAt(functionARN)
	if f == nil {
		return nil
	}
	return slices.Clone(f.log.seen)
}

// AnswerInvocations sets what synchronous invocations of a function return from
// now on; "{}" until then. failed marks the answer as an error of the function.
func (s *Sandbox) AnswerInvocations(functionARN string, answer json.RawMessage, failed bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.functionAt(functionARN)
	if f == nil {
		return fmt.Errorf("sandbox: no function %s: create it first", functionARN)
	}
	f.log.answer, f.log.failed = slices.Clone(answer), failed
	return nil
}
