package crash

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"riposte.dev/action"
	"riposte.dev/action/ec2"
	"riposte.dev/audit"
	"riposte.dev/cli"
	"riposte.dev/notify/smtp/smtptest"
	"riposte.dev/playbook"
	"riposte.dev/sandbox"
	"riposte.dev/test/engine"
	"riposte.dev/test/stage"
)

// marked is a project's own rule: who finds an instance compromised tags it, and riposte cuts it off without asking. The
// event is CloudTrail's, which can be looked up; the bundled rule asks, because nothing corroborates what GuardDuty says.
const marked = `id: instance-marked
title: An instance was marked as compromised
story: Whoever tags an instance as compromised wants it cut off at once.
severity: HIGH
match:
  pattern:
    source: [aws.ec2]
    detail-type: [AWS API Call via CloudTrail]
    detail: {eventName: [CreateTags], requestParameters: {tagSet: {items: {key: [compromised]}}}}
respond:
  playbook: isolate-instance
  mode: auto
  input: {account: $.account, region: $.region, instance: "$.detail.requestParameters.resourcesSet.items[0].resourceId"}
notify: [secops]
`

// changing are the calls of an isolation that change something, and how often each is made.
var changing = map[string]int{
	"CreateSnapshots": 1, "ModifyInstanceAttribute": 1, "DetachInstances": 1, "DeregisterTargets": 1, "CreateSecurityGroup": 1,
	"RevokeSecurityGroupEgress": 1, "ModifyNetworkInterfaceAttribute": 2, "CreateTags": 1,
}

// SIGKILL just before and just after every journal append of isolate-instance, with the real action: after the next start the
// instance is isolated, each volume has one snapshot, and AWS has seen every change once.
func TestSIGKILLAtEveryJournalPointOfAnIsolation(t *testing.T) {
	for first := 1; ; first += wave {
		var beyond atomic.Int64 // points that the story did not reach
		t.Run(fmt.Sprintf("appends from %d", first), func(t *testing.T) {
			for n := first; n < first+wave; n++ {
				for _, after := range []bool{false, true} {
					t.Run(fmt.Sprintf("append %d, after %t", n, after), func(t *testing.T) {
						t.Parallel()
						i := newIsolation(t)
						i.begin(t, &point{n, after})
						if !i.dies(t) {
							beyond.Add(1)
						}
						i.check(t)
					})
				}
			}
		})
		if t.Failed() {
			return
		}
		if beyond.Load() > 0 {
			appends := first + wave - 1 - int(beyond.Load())/2
			if t.Logf("%d appends", appends); appends < 4 {
				t.Fatal("the story has too few appends; the test does not reach what it is about")
			}
			return
		}
	}
}

// SIGKILL between each call's effect and AWS's answer to it.
func TestSIGKILLAtEveryCallOfAnIsolation(t *testing.T) {
	for operation := range changing {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			i := newIsolation(t)
			forever := make(chan struct{})
			t.Cleanup(func() { close(forever) })
			i.Box.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: operation, Principal: ":assumed-role/" + stage.Responder}, Times: 1, After: true, Hold: forever})
			i.begin(t, nil)
			if err := stage.Wait(i.ctx, operation, func() (bool, error) { return len(i.Calls(operation)) > 0, nil }); err != nil {
				t.Fatal(err)
			}
			i.engine.End(t, syscall.SIGKILL)
			start(i.ctx, t, i.Stage, nil)
			i.check(t)
		})
	}
}

// isolation is the story of one instance.
type isolation struct {
	machine
	engine *engine.Process
}

func newIsolation(t *testing.T) *isolation {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "rules.yaml"), []byte(marked), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := stage.New(ctx, stage.Options{Folder: folder, Settings: "rules: {bundled: false, paths: [rules.yaml]}\n",
		Permissions: ec2.NewIsolate(nil).Spec().Permissions})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return &isolation{machine: newMachine(ctx, t, s)}
}

// begin starts the engine and marks the instance.
func (i *isolation) begin(t *testing.T, at *point) {
	t.Helper()
	i.engine = start(i.ctx, t, i.Stage, at)
	i.mark(t)
}

// dies waits until the engine dies, and starts the next one, or until the story is over; it reports which.
func (i *isolation) dies(t *testing.T) bool {
	t.Helper()
	if err := stage.Wait(i.ctx, "the crash, or the end of the story", func() (bool, error) {
		return i.engine.Ended() || i.settled(), nil
	}); err != nil {
		t.Fatal(err)
	}
	if !i.engine.Ended() {
		return false
	}
	if !i.engine.Killed() {
		t.Fatalf("the engine ended by itself: %s", i.engine)
	}
	start(i.ctx, t, i.Stage, nil)
	return true
}

func (i *isolation) settled() bool {
	list := executions(i.ctx, i.Stage)
	return len(list) > 0 && !slices.ContainsFunc(list, func(e playbook.Summary) bool { return e.Status == playbook.Running })
}

// check judges what has come of the story.
func (i *isolation) check(t *testing.T) {
	t.Helper()
	if err := stage.Wait(i.ctx, "the execution", func() (bool, error) { return i.settled(), nil }); err != nil {
		t.Fatalf("%v; there are %+v", err, executions(i.ctx, i.Stage))
	}
	list := executions(i.ctx, i.Stage)
	if len(list) != 1 || list[0].Status != playbook.Succeeded || list[0].Items[action.Changed] != 1 {
		t.Fatalf("the executions are %+v, want one that isolated", list)
	}
	i.isolated(t, list[0].ID)
	made := i.recorded(t)
	known, lost := i.known(t, list[0].ID)
	for id := range known {
		if made[id] == "" {
			t.Errorf("request %s is in the journal and not in CloudTrail", id)
		}
	}
	for id, operation := range made {
		if known[id] == "" && !slices.Contains(lost, operation) {
			t.Errorf("CloudTrail has %s (%s), of which the journal knows nothing", operation, id)
		}
	}
	i.audited(t, known)
	if _, err := i.Mail.Wait(i.ctx, func(m smtptest.Mail) bool { return strings.Contains(m.Text, list[0].ID) }); err != nil {
		t.Error(err)
	}
	if ids := mails(i.Stage, list[0].ID); len(ids) != 1 {
		t.Errorf("people were told %d times: %v", len(ids), ids)
	}
}

// recorded returns the changes by riposte that CloudTrail has, by request id, and sees that each was made as often as it takes.
func (i *isolation) recorded(t *testing.T) map[string]string {
	t.Helper()
	made, count := map[string]string{}, map[string]int{}
	pages := cloudtrail.NewLookupEventsPaginator(cloudtrail.NewFromConfig(i.As(i.Admin, stage.Region)), &cloudtrail.LookupEventsInput{
		LookupAttributes: []cttypes.LookupAttribute{{AttributeKey: cttypes.LookupAttributeKeyReadOnly, AttributeValue: aws.String("false")}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(i.ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			var record struct {
				EventName, RequestID, ErrorCode string
				UserIdentity                    struct{ ARN string }
			}
			if err := json.Unmarshal([]byte(*e.CloudTrailEvent), &record); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(record.UserIdentity.ARN, stage.Responder) {
				continue
			}
			if made[record.RequestID] != "" || record.RequestID == "" {
				t.Errorf("request %q is in CloudTrail twice", record.RequestID)
			}
			if made[record.RequestID] = record.EventName; record.ErrorCode != "" {
				t.Errorf("%s failed with %s", record.EventName, record.ErrorCode)
			}
			count[record.EventName]++
		}
	}
	if !maps.Equal(count, changing) {
		t.Errorf("riposte made the calls %v, want %v", count, changing)
	}
	return made
}

// known returns the changes that the execution's journal knows, by request id, of which each is there once; and the operations
// that it says it may have called without having heard the answer.
func (i *isolation) known(t *testing.T, execution string) (known map[string]string, lost []string) {
	t.Helper()
	var v playbook.View
	if err := ask(i.ctx, i.Stage, "/api/v1/executions/"+execution, nil, &v); err != nil {
		t.Fatal(err)
	}
	known = map[string]string{}
	for _, visit := range v.Visits {
		for _, try := range visit.Tries {
			if try.Effect == nil || try.Effect.Plan == nil {
				continue
			}
			for _, r := range try.Effect.Lost {
				lost = append(lost, r.Operation)
			}
			for _, item := range try.Effect.Plan.Items {
				for _, r := range item.Receipts {
					if changing[r.Operation] == 0 || r.Error != "" {
						continue
					}
					if known[r.RequestID] != "" {
						t.Errorf("request %s is in the journal twice", r.RequestID)
					}
					known[r.RequestID] = r.Operation
				}
			}
		}
	}
	return known, lost
}

// audited sees that the audit record is whole and tells of each call once.
func (i *isolation) audited(t *testing.T, known map[string]string) {
	t.Helper()
	told := map[string]int{}
	client, err := cli.Connect(i.Data)
	if err != nil {
		t.Fatal(err)
	}
	if err := stage.Wait(i.ctx, "the audit record", func() (bool, error) {
		clear(told)
		body, err := client.Open(i.ctx, http.MethodGet, "/api/v1/audit/export", nil, nil)
		if err != nil {
			return false, err
		}
		defer body.Close()
		ended := false
		report, err := audit.Verify(func(yield func(audit.Record, error) bool) {
			for r, err := range audit.Lines(body) {
				var call struct{ Request string }
				if r.Kind == audit.Call && json.Unmarshal(r.Data, &call) == nil {
					told[call.Request]++
				}
				ended = ended || strings.HasPrefix(r.Text, "The execution ended")
				if !yield(r, err) {
					return
				}
			}
		}, audit.Check{})
		if err == nil && report.Broken != nil {
			err = errors.New(report.Broken.Why)
		}
		return ended, err
	}); err != nil {
		t.Fatal(err)
	}
	for id, operation := range known {
		if told[id] != 1 {
			t.Errorf("the audit record tells of %s (%s) %d times", operation, id, told[id])
		}
	}
}
