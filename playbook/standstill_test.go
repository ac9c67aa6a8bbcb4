package playbook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"riposte.dev/asl"
	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// lamps are what random playbooks switch on.
var lamps = []string{"lamp", "door", "fan"}

// drawFlow makes states in a row, with branches and iterations up to depth.
func drawFlow(t *rapid.T, name string, depth int) string {
	n := rapid.IntRange(1, 3).Draw(t, "states")
	var states []string
	for i := range n {
		state, next := fmt.Sprintf("%s%d", name, i), fmt.Sprintf(`"Next":"%s%d"`, name, i+1)
		bodies := []string{
			`"Type":"Pass"`,
			`"Type":"Wait","Seconds":3`,
			fmt.Sprintf(`"Type":"Task","Resource":"riposte:action:fake.switch-on","Parameters":{"names":["%s"]},"ResultPath":null,
				"Retry":[{"ErrorEquals":["Fake.Throttled","Riposte.ActionFailed"],"IntervalSeconds":1,"MaxAttempts":3}]`, rapid.SampledFrom(lamps).Draw(t, "lamp")),
			`"Type":"Task","Resource":"riposte:action:fake.switch-on","Parameters":{"names":["nowhere"]},"ResultPath":null,"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":null,` + next + `}]`,
			`"Type":"Task","Resource":"riposte:notify.waitForTaskToken","HeartbeatSeconds":3600,"TimeoutSeconds":7200,
				"Parameters":{"message.$":"States.Format('token {}', $$.Task.Token)"},"ResultPath":null`,
		}
		body := rapid.SampledFrom(bodies).Draw(t, "body")
		if depth > 0 && rapid.Bool().Draw(t, "fork") {
			body = fmt.Sprintf(`"Type":"Parallel","ResultPath":null,"Branches":[%s,%s]`, drawFlow(t, state+"a", depth-1), drawFlow(t, state+"b", depth-1))
			if rapid.Bool().Draw(t, "map") {
				body = fmt.Sprintf(`"Type":"Map","ResultPath":null,"ItemsPath":"$.names","ItemSelector":{"names.$":"$.names"},"MaxConcurrency":%d,"ItemProcessor":%s`,
					rapid.IntRange(0, 2).Draw(t, "concurrency"), drawFlow(t, state+"m", depth-1))
			}
			body += rapid.SampledFrom([]string{``, `,"Retry":[{"ErrorEquals":["E"],"MaxAttempts":1}]`, `,"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":null,` + next + `}]`}).Draw(t, "failures")
		}
		states = append(states, fmt.Sprintf(`"%s":{%s,%s}`, state, body, next))
	}
	last := rapid.SampledFrom([]string{`{"Type":"Succeed"}`, `{"Type":"Succeed"}`, `{"Type":"Fail","Error":"E"}`}).Draw(t, "last")
	return fmt.Sprintf(`{"StartAt":"%s0","States":{%s,"%s%d":%s}}`, name, strings.Join(states, ","), name, n, last)
}

// theatre is a rig on which random playbooks, people and crashes come as they like.
type theatre struct {
	stage
	texts    []string
	answered map[string]bool // tokens
}

func (s *theatre) live() {
	if s.process != nil {
		s.process.kill()
	}
	s.journal = &mortal{Journal: s.rig.journal}
	s.process = s.boot(fix, s.journal, nil)
	s.process.resume(s.t)
}

func (s *theatre) begin(t *rapid.T) {
	text := drawFlow(t, "S", 2)
	m, err := asl.Parse("drawn.json", []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	s.texts = append(s.texts, text)
	s.process.SetDefinitions(map[string]*asl.Machine{"fix": m})
	begin := start(rapid.SampledFrom([]guard.Mode{guard.Auto, guard.Approve}).Draw(t, "mode"), "x", "y")
	begin.Cause = event.Cause(fmt.Sprint("cause-", s.starts))
	s.starts++
	_, _, _ = s.process.Start(context.Background(), begin) // a process that has died refuses
}

// tokens are those that people were told and that no task has had its answer to.
func (s *theatre) tokens() []string {
	var open []string
	for _, n := range s.inbox.all() {
		if token, ok := strings.CutPrefix(n.Message, "token "); ok && !s.answered[token] {
			open = append(open, token)
		}
	}
	return open
}

func (s *theatre) signal(token string, failed bool) {
	err := s.process.Signal(context.Background(), playbook.Signal{Token: token, Output: json.RawMessage(`1`), Failed: failed, Error: "E"})
	if err == nil || errors.Is(err, playbook.ErrTaskTimedOut) {
		s.answered[token] = true
	}
	if errors.Is(err, playbook.ErrInvalidToken) {
		s.rt.Fatalf("the token %s: %v", token, err)
	}
}

func (s *theatre) some(t *rapid.T) (string, bool) {
	all := s.executions()
	if len(all) == 0 {
		return "", false
	}
	return all[rapid.IntRange(0, len(all)-1).Draw(t, "execution")].ID, true
}

// watch is the watchdog: people answer everything, and every execution has to come to its end.
func (s *theatre) watch() {
	s.rt.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var running []playbook.Summary
	for ctx.Err() == nil {
		for _, q := range s.questions() {
			_, _ = s.process.Answer(ctx, q.Execution, q.Hash, playbook.Answer{Question: q.ID, By: "ana", Approve: true})
		}
		for _, token := range s.tokens() {
			s.signal(token, false)
		}
		running = running[:0]
		for _, x := range s.executions() {
			if x.Status == playbook.Running {
				running = append(running, x)
			}
		}
		if len(running) == 0 {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Millisecond):
		}
	}
	for _, x := range running {
		v, err := s.process.Get(context.Background(), x.ID)
		s.rt.Errorf("nothing moves %s: it is in %q, %v\n%s\n%+v", x.ID, x.State, err, v.Definition, v.Visits)
	}
	s.rt.FailNow()
}

// Whatever the playbook and whatever comes in whatever order: no execution is ever in a state from which nothing moves it, and
// nothing is done twice.
func TestNothingStandsStill(t *testing.T) {
	ended := map[playbook.Status]int{}
	rapid.Check(t, func(rt *rapid.T) {
		s := &theatre{stage: stage{rig: newRig(t, lamps...), rt: rt}, answered: map[string]bool{}}
		s.world.fail = func(_ string, call int) error {
			if call%5 == 1 {
				return &fault.Error{Code: fault.Throttled, Message: "slow down", Err: apiError{"Throttled"}}
			}
			return nil
		}
		s.live()
		defer func() { s.process.kill() }()
		rt.Repeat(map[string]func(*rapid.T){
			"begin":       s.begin,
			"begin again": s.begin,
			"answer":      s.stage.answerAny,
			"signal": func(t *rapid.T) {
				if open := s.tokens(); len(open) > 0 {
					s.signal(rapid.SampledFrom(open).Draw(t, "token"), rapid.Bool().Draw(t, "failed"))
				}
			},
			"stop": func(t *rapid.T) {
				if id, ok := s.some(t); ok {
					_ = s.process.Stop(context.Background(), id, "Enough", "", "ben")
				}
			},
			"redrive": func(t *rapid.T) {
				if id, ok := s.some(t); ok {
					_ = s.process.Redrive(context.Background(), id, "ben")
				}
			},
			"riposte is away for an hour": func(*rapid.T) {
				s.process.kill()
				s.clock.advance(time.Hour)
				s.live()
			},
			"crash soon": func(t *rapid.T) {
				s.journal.arm(rapid.IntRange(1, 8).Draw(t, "appends"), rapid.Bool().Draw(t, "written"))
			},
			"": func(*rapid.T) {
				if s.journal.isDead() {
					s.live()
				}
			},
		})
		s.live()
		s.watch()
		for _, name := range lamps {
			if _, effects := s.world.is(name); effects > 1 {
				rt.Fatalf("%s was switched on %d times", name, effects)
			}
		}
		for _, x := range s.executions() {
			ended[x.Status]++
		}
	})
	for _, status := range []playbook.Status{playbook.Succeeded, playbook.Failed, playbook.Aborted} {
		if ended[status] == 0 && !t.Failed() {
			t.Errorf("no execution ended as %s: %v", status, ended)
		}
	}
}
