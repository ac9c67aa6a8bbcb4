package cloudwatchlogs

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
	"riposte.dev/source/sourcetest"
)

const mayRead = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:FilterLogEvents","Resource":"*"}]}`

// world is a sandbox with log groups, and what a poller of them did.
type world struct {
	*sourcetest.World
	client   *cloudwatchlogs.Client
	accepted map[string]int
	problems map[string][]string // by group
	refuse   error               // what Accept says
}

func newWorld(t *testing.T, groups ...string) *world {
	t.Helper()
	w := &world{World: sourcetest.New(t), accepted: map[string]int{}, problems: map[string][]string{}}
	w.Told = func() string { return fmt.Sprintf("accepted %v, problems %q", w.accepted, w.problems) }
	w.client = cloudwatchlogs.NewFromConfig(w.Root())
	for _, group := range groups {
		w.create(t, group)
	}
	return w
}

func (w *world) create(t *testing.T, group string) {
	t.Helper()
	if _, err := w.client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group}); err != nil {
		t.Fatal(err)
	}
	for _, stream := range []string{"a", "b"} {
		if _, err := w.client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream}); err != nil {
			t.Fatal(err)
		}
	}
}

// put writes texts into a stream as of the given age.
func (w *world) put(t *testing.T, group, stream string, age time.Duration, texts ...string) {
	t.Helper()
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream}
	for _, text := range texts {
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: aws.Int64(time.Now().Add(-age).UnixMilli()), Message: aws.String(text)})
	}
	out, err := w.client.PutLogEvents(t.Context(), in)
	if err != nil || out.RejectedLogEventsInfo != nil {
		t.Fatal(out, err)
	}
}

func (w *world) options(t *testing.T, groups ...Group) Options {
	t.Helper()
	for i, g := range groups {
		groups[i].Region = sourcetest.Region
		groups[i].Report = func(problem string) {
			w.Note(func() { w.problems[g.Name] = append(w.problems[g.Name], problem) })
		}
	}
	return Options{
		Name: "l", Groups: groups, Checkpoints: w, Interval: 10 * time.Millisecond, Rate: 100,
		AWS: w.User(t, "reader", mayRead),
		Accept: func(_ context.Context, events []*event.Envelope) []error {
			errs := make([]error, len(events))
			w.Note(func() {
				for i, e := range events {
					if errs[i] = w.refuse; errs[i] == nil {
						w.accepted[e.ID]++
					}
				}
			})
			return errs
		},
		Bury: w.Bury,
	}
}

// start runs a poller; the returned function stops it and waits for its end.
func start(t *testing.T, o Options) (stop func()) {
	t.Helper()
	p, err := NewPoller(o)
	if err != nil {
		t.Fatal(err)
	}
	return sourcetest.Run(t, p.Run)
}

func TestGroupsAreRead(t *testing.T) {
	w := newWorld(t, "trail", "events")
	w.put(t, "trail", "a", 0, record("r1"), "junk")
	w.put(t, "trail", "b", time.Minute, record("r2"))
	w.put(t, "trail", "b", time.Hour, record("older than the first poll reads"))
	w.put(t, "events", "a", 0, envelope)
	start(t, w.options(t, Group{Name: "trail"}, Group{Name: "events"}))
	w.Await(t, "all is accepted", func() bool { return len(w.accepted) == 3 && len(w.Buried) == 1 && len(w.Kept) == 2 })
	for key := range w.Buried {
		if !strings.HasPrefix(key, "trail/a/") {
			t.Errorf("buried under %s", key)
		}
	}
	w.put(t, "trail", "a", 2*time.Minute, record("late"))
	w.put(t, "trail", "a", 0, record("r3"))
	w.Await(t, "what is new and what was late is accepted", func() bool { return w.accepted["r3"] == 1 && w.accepted["late"] == 1 })
	if w.accepted["r1"] != 1 || w.accepted["r2"] != 1 {
		t.Errorf("accepted again: %v", w.accepted)
	}
}

func TestStreamPrefixAndPattern(t *testing.T) {
	w := newWorld(t, "trail")
	w.put(t, "trail", "a", 0, record("in a"), envelope)
	w.put(t, "trail", "b", 0, record("in b"))
	start(t, w.options(t, Group{Name: "trail", StreamPrefix: "a", Pattern: "StopLogging"}))
	w.Await(t, "it is accepted", func() bool { return len(w.Kept) == 1 })
	if len(w.accepted) != 1 || w.accepted["in a"] != 1 {
		t.Errorf("accepted %v", w.accepted)
	}
}

// What was written while riposte was down is read, hour by hour, and nothing twice but the overlap.
func TestGoesOnAtTheCheckpoint(t *testing.T) {
	w := newWorld(t, "trail")
	o := w.options(t, Group{Name: "trail"})
	o.Interval = time.Hour // it is for groups that are up to date
	w.Kept[o.Groups[0].key("l")] = fmt.Sprint(time.Now().Add(-3 * time.Hour).UnixMilli())
	w.put(t, "trail", "a", 200*time.Minute, record("before"))
	w.put(t, "trail", "a", 150*time.Minute, record("first hour"))
	w.put(t, "trail", "b", 90*time.Minute, record("second hour"))
	w.put(t, "trail", "a", 0, record("now"))
	start(t, o)
	w.Await(t, "it caught up", func() bool { return len(w.accepted) == 3 })
	if w.accepted["before"] != 0 {
		t.Error("what lies before the checkpoint and its overlap was read")
	}
}

func TestNothingIsPassedOverWhileTheBusIsFull(t *testing.T) {
	w := newWorld(t, "trail")
	w.refuse = fault.New(fault.Unavailable, "the bus is full")
	w.put(t, "trail", "a", 0, record("r1"))
	start(t, w.options(t, Group{Name: "trail"}))
	w.Await(t, "it is reported", func() bool { return len(w.problems["trail"]) == 1 })
	w.Lock()
	if len(w.Kept) != 0 || len(w.Buried) != 0 {
		t.Errorf("checkpoints %v, buried %v", w.Kept, w.Buried)
	}
	w.refuse = nil
	w.Unlock()
	w.Await(t, "it is accepted and well", func() bool {
		return w.accepted["r1"] == 1 && len(w.problems["trail"]) == 2 && w.problems["trail"][1] == ""
	})
}

func TestWhatWillNeverBeAcceptedIsBuried(t *testing.T) {
	w := newWorld(t, "trail")
	w.refuse = fault.New(fault.TooLarge, "over the limit")
	w.put(t, "trail", "a", 0, record("r1"))
	start(t, w.options(t, Group{Name: "trail"}))
	w.Await(t, "the checkpoint is kept", func() bool { return len(w.Kept) == 1 })
	if len(w.Buried) != 1 || len(w.problems) != 0 {
		t.Errorf("buried %v, problems %v", w.Buried, w.problems)
	}
}

func TestOneGroupsTroubleIsItsOwn(t *testing.T) {
	w := newWorld(t, "trail")
	start(t, w.options(t, Group{Name: "gone"}, Group{Name: "trail"}))
	w.Await(t, "it is missed", func() bool { return len(w.problems["gone"]) == 1 })
	w.put(t, "trail", "a", 0, record("r1"))
	w.Await(t, "the other is read", func() bool { return w.accepted["r1"] == 1 })
	w.Lock()
	if p := w.problems["gone"][0]; !strings.Contains(p, "does not exist") || !strings.Contains(p, "describe-log-groups --region eu-west-1") {
		t.Errorf("reported %q", p)
	}
	w.Unlock()
	w.create(t, "gone")
	w.put(t, "gone", "a", 0, record("r2"))
	w.Await(t, "it is back", func() bool { return w.accepted["r2"] == 1 && w.problems["gone"][len(w.problems["gone"])-1] == "" })
}

func TestThrottlingPasses(t *testing.T) {
	w := newWorld(t, "trail")
	w.AddFault(sandbox.Fault{Match: sandbox.Match{Service: "logs", Operation: "FilterLogEvents"}, Times: 2,
		Error: &sandbox.FaultError{Code: "ThrottlingException", Status: 400}})
	w.put(t, "trail", "a", 0, record("r1"))
	start(t, w.options(t, Group{Name: "trail"}))
	w.Await(t, "it passes", func() bool { return w.accepted["r1"] == 1 && len(w.problems["trail"]) == 2 })
	if p := w.problems["trail"]; !strings.Contains(p[0], "ThrottlingException") || p[1] != "" {
		t.Errorf("reported %q", p)
	}
}

func TestDenied(t *testing.T) {
	w := newWorld(t, "trail")
	o := w.options(t, Group{Name: "trail"})
	o.AWS = w.User(t, "nobody")
	start(t, o)
	w.Await(t, "it is reported", func() bool { return len(w.problems["trail"]) == 1 })
	if p := w.problems["trail"][0]; !strings.Contains(p, "logs:FilterLogEvents") {
		t.Errorf("reported %q", p)
	}
}

func TestNewPollerRefuses(t *testing.T) {
	w := newWorld(t)
	for name, groups := range map[string][]Group{"none": nil, "no name": {{}}, "twice": {{Name: "a"}, {Name: "a"}}} {
		if _, err := NewPoller(w.options(t, groups...)); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	o := w.options(t, Group{Name: "a"})
	o.Groups[0].Region = ""
	if _, err := NewPoller(o); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("no region: %v", err)
	}
}
