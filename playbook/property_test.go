package playbook_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"riposte.dev/action"
	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// Whatever crashes and whatever AWS refuses for a while: every execution comes to an end, nothing is changed twice, what is
// recorded is what happened, and people are told of each exactly once.
func TestExecutionsAlwaysEnd(t *testing.T) {
	const pauseFixTell = `
StartAt: Pause
States:
  Pause: {Type: Wait, Seconds: 7, Next: Fix}
  Fix:
    Type: Task
    Resource: riposte:action:fake.switch-on
    Parameters: {names.$: $.names}
    ResultPath: $.fix
    Retry: [{ErrorEquals: [States.ALL], IntervalSeconds: 3, MaxAttempts: 5, BackoffRate: 1, JitterStrategy: FULL}]
    Catch: [{ErrorEquals: [States.ALL], ResultPath: $.fix, Next: Tell}]
    Next: Tell
  Tell: {Type: Task, Resource: "riposte:notify", Parameters: {message: done}, End: true}
`
	rapid.Check(t, func(rt *rapid.T) {
		count := rapid.IntRange(1, 4).Draw(rt, "executions")
		var names []string
		for i := range count {
			names = append(names, fmt.Sprintf("switch-%d", i))
		}
		r := newRig(t, names...)
		refused := rapid.IntRange(0, 5).Draw(rt, "refused calls")
		r.world.fail = func(_ string, call int) error {
			if call <= refused {
				return fault.New(fault.Throttled, "slow down")
			}
			return nil
		}
		r.world.lag = rapid.IntRange(0, 4).Draw(rt, "lag")
		crashes := rapid.SliceOfN(rapid.IntRange(1, 8), 0, 4).Draw(rt, "crashes")
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()

		life := func(journal playbook.Journal, last bool) []playbook.View {
			p := r.boot(pauseFixTell, journal, nil)
			defer p.kill()
			if err := p.Resume(ctx); err != nil {
				rt.Fatal(err)
			}
			var ids []string
			for i := range count {
				s := start(guard.Auto, names[i])
				s.Cause = event.Cause(names[i])
				id, _, err := p.Start(ctx, s)
				if last && err != nil {
					rt.Fatal(err)
				}
				if err == nil {
					ids = append(ids, id)
				}
			}
			var views []playbook.View
			for _, id := range ids {
				v, err := p.Wait(ctx, id)
				if last && err != nil {
					rt.Fatal(err)
				}
				views = append(views, v)
			}
			return views
		}
		for _, at := range crashes {
			life(&crashing{Journal: r.journal, at: at, after: at%2 == 0, dead: make(chan struct{})}, false)
		}
		for i, v := range life(r.journal, true) {
			_, effects := r.world.is(names[i])
			item := v.Plans[len(v.Plans)-1].Items[0]
			if v.Status != playbook.Succeeded || effects != 1 || item.Status != action.Changed {
				rt.Fatalf("%s: %s (%s), %d effects, recorded as %s: %s", names[i], v.Status, v.Why, effects, item.Status, item.Error)
			}
		}
		if told := countMessages(r.inbox.all()); told != count {
			rt.Fatalf("people were told %d times of %d executions", told, count)
		}
	})
}
