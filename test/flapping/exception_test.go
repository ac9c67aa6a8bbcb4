package flapping

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/cli"
	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/test/stage"
)

// except makes an exception for the trail.
func (e *engine) except(t *testing.T, lasts time.Duration) (x guard.Exception) {
	t.Helper()
	client, err := cli.Connect(e.Data)
	if err == nil {
		err = client.Call(e.ctx, http.MethodPost, "/api/v1/exceptions", nil, guard.Exception{Rule: "trail-stopped", Resource: "*:trail/" + trail,
			Owner: "platform@example.com", Reason: "It is being replaced", Expires: time.Now().Add(lasts)}, &x)
	}
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func (e *engine) remove(t *testing.T, x guard.Exception) {
	t.Helper()
	client, err := cli.Connect(e.Data)
	if err == nil {
		err = client.Call(e.ctx, http.MethodDelete, "/api/v1/exceptions/"+x.ID, nil, nil, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What an exception holds back is enforced once it has ended, on the present state, and once for a resource.
func TestTheEndOfAnExceptionEnforcesTheRule(t *testing.T) {
	const lasts = 10 * time.Minute
	for name, end := range map[string]func(*testing.T, *engine, guard.Exception){
		"it expires":                      func(_ *testing.T, e *engine, _ guard.Exception) { e.ahead.Store(int64(lasts)) },
		"it is removed":                   func(t *testing.T, e *engine, x guard.Exception) { e.remove(t, x) },
		"it is removed, riposte restarts": func(t *testing.T, e *engine, x guard.Exception) { e.remove(t, x); e.stop(t); e.run(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := start(t, "rules: {bundled: false, paths: [rules.yaml]}\n")
			x := e.except(t, lasts)
			for n := 1; n <= 2; n++ {
				if err := e.StopTrail(e.ctx, stage.Region, trail); err != nil {
					t.Fatal(err)
				}
				e.eventually(t, "the response to be held back", func() bool {
					held := 0
					for _, s := range e.executions(t, "trail-stopped") {
						if s.Status == playbook.Succeeded && s.Items[action.Excepted] == 1 {
							held++
						}
					}
					return held == n
				})
			}
			if on, err := e.Logging(e.ctx, stage.Region, trail); err != nil || on {
				t.Fatalf("the trail logs: %v, %v", on, err)
			}
			end(t, e, x)
			var again []playbook.Summary
			e.eventually(t, "the rule to be enforced", func() bool {
				again = again[:0]
				for _, s := range e.executions(t, "trail-stopped") {
					if strings.HasPrefix(string(s.Cause), "exception|"+x.ID+"|cloudtrail|") {
						again = append(again, s)
					}
				}
				return len(again) > 0 && again[0].Status == playbook.Succeeded
			})
			e.settled(t)
			if len(again) != 1 || again[0].Items[action.Changed] != 1 || len(e.Calls("StartLogging")) != 1 {
				t.Errorf("%d executions and %d calls, want one: %+v", len(again), len(e.Calls("StartLogging")), again)
			}
			e.stop(t)
			e.run(t)
			if err := e.StopTrail(e.ctx, stage.Region, trail); err != nil {
				t.Fatal(err)
			}
			e.eventually(t, "the next stop to be answered", func() bool { return len(e.executions(t, "trail-stopped")) > 3 })
			e.settled(t)
			if n := len(e.executions(t, "trail-stopped")); n != 4 {
				t.Errorf("%d executions, want two that were held back, one again, and that of the last stop", n)
			}
		})
	}
}
