package playbook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"riposte.dev/asl"
	"riposte.dev/fault"
)

// notify tells people what happened and what was done so far. The key is the same for every try and after a crash, so people
// are told once.
func (t *task) notify(ctx context.Context) (any, error) {
	var in struct {
		Message string   `json:"message"`
		Routes  []string `json:"routes"`
		To      []string `json:"to"`
	}
	if err := strictly(t.command.Arguments, &in, NotifyResource); err != nil {
		return nil, err
	}
	t.effect.Key = effectKey(t.command, false)
	n := t.e.notice()
	n.Message, n.Routes, n.To = in.Message, in.Routes, in.To
	err := t.runtime.tell(ctx, t.e.id+"/"+t.effect.Key, n)
	if err != nil {
		return nil, &taskError{ErrNotifyFailed, err.Error()}
	}
	t.effect.Notified = true
	t.observe(StepNotified, nil, "people were told")
	return map[string]any{"status": "sent", "key": t.e.id + "/" + t.effect.Key}, nil
}

// strictly reads the input of a task with the resource; an unknown field is refused.
func strictly(raw json.RawMessage, v any, resource string) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return &taskError{ErrInvalidInput, fmt.Sprintf("the input of %s is not what it takes: %v", resource, err)}
	}
	return nil
}

// tries bounds how often a notice is offered to a notifier that is not available.
const tries = 6

// tell queues a notice, again where the notifier is not available for a moment.
func (r *Runtime) tell(ctx context.Context, key string, n Notice) error {
	for try := 0; ; try++ {
		err := guarded("the notifier", func() error { return r.opts.Notifier.Notify(ctx, key, n) })
		if err == nil || !fault.Retryable(err) || try == tries-1 {
			return err
		}
		if !r.sleep(ctx, backoff(try)) {
			return err
		}
	}
}

// tellFailure tells people of an execution that failed without having told anybody, before its end is recorded: after a
// crash it is told again under the same key, and so once.
func (r *Runtime) tellFailure(ctx context.Context, e *execution) {
	n := e.notice()
	switch end := e.state.Error + ": " + e.state.Cause; {
	case e.state.Status == asl.TimedOut:
		n.Failed = "the playbook took longer than it may: " + e.state.Cause
	case n.Failed == "":
		n.Failed = end
	case !strings.HasSuffix(n.Failed, end): // a Fail state has its own words for what failed before
		n.Failed = end + " (" + n.Failed + ")"
	}
	key := e.id + "/ended"
	if e.state.Redrives > 0 {
		key += "/" + strconv.Itoa(e.state.Redrives)
	}
	if err := r.tell(ctx, key, n); err != nil && r.base.Err() == nil {
		r.log.Error("playbook: a failed execution could not be told to anybody", "execution", e.id, "failed", n.Failed, "error", err)
		return
	}
	r.observe(e, StepNotified, "", nil, "people were told that the playbook failed")
}

// backoff is 200 ms, doubled each time, up to 5 s.
func backoff(try int) time.Duration {
	return min(200*time.Millisecond<<min(try, 10), 5*time.Second)
}

// sleep waits on the runtime's clock; false where ctx ended first.
func (r *Runtime) sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-r.opts.After(d):
		return ctx.Err() == nil
	}
}
