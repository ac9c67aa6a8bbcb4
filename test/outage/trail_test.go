package outage

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/playbook"
	"riposte.dev/sandbox"
)

// trails makes some that log, into a bucket that nobody reads.
func (w *world) trails(t *testing.T, names ...string) {
	t.Helper()
	bucket := aws.String("unread-logs")
	if _, err := w.s3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket,
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region}}); err != nil {
		t.Fatal(err)
	}
	w.letTrailsWrite(t, *bucket)
	client := cloudtrail.NewFromConfig(w.admin)
	for _, name := range names {
		if _, err := client.CreateTrail(t.Context(), &cloudtrail.CreateTrailInput{Name: &name, S3BucketName: bucket}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.StartLogging(t.Context(), &cloudtrail.StartLoggingInput{Name: &name}); err != nil {
			t.Fatal(err)
		}
	}
}

// stopLogging is what riposte responds to.
func (w *world) stopLogging(t *testing.T, name string) {
	t.Helper()
	if _, err := cloudtrail.NewFromConfig(w.admin).StopLogging(t.Context(), &cloudtrail.StopLoggingInput{Name: &name}); err != nil {
		t.Fatal(err)
	}
}

// holdAnswer stops a trail and waits until riposte has started it again, but does not know yet that it did: the answer to
// its call comes when the channel is closed.
func (w *world) holdAnswer(t *testing.T, name string) chan struct{} {
	t.Helper()
	answer := make(chan struct{})
	w.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "StartLogging", Principal: riposte}, Times: 1, After: true, Hold: answer})
	w.stopLogging(t, name)
	eventually(t, "the trail logs again", func() bool { return w.logging(t, name) })
	return answer
}

func (w *world) logging(t *testing.T, name string) bool {
	t.Helper()
	status, err := cloudtrail.NewFromConfig(w.admin).GetTrailStatus(t.Context(), &cloudtrail.GetTrailStatusInput{Name: &name})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToBool(status.IsLogging)
}

// restarted waits until the executions of all engines have ended, one for each stopped trail, and sees that they succeeded,
// that every trail logs, and that each was started by one call.
func (w *world) restarted(t *testing.T, names []string, engines ...*engine) {
	t.Helper()
	all := map[string]playbook.Summary{}
	eventually(t, "the executions have ended", func() bool {
		for _, e := range engines {
			var list []playbook.Summary
			if e.ask(t.Context(), "/api/v1/executions", nil, &list) != nil {
				return false
			}
			for _, s := range list {
				all[s.ID] = s
			}
		}
		ended := 0
		for _, s := range all {
			if s.Status != playbook.Running {
				ended++
			}
		}
		return ended >= len(names)
	})
	for id, s := range all {
		if s.Status != playbook.Succeeded {
			t.Errorf("execution %s is %s: %s", id, s.Status, s.Why)
		}
	}
	for _, name := range names {
		if !w.logging(t, name) {
			t.Errorf("the trail %s does not log", name)
		}
	}
	if n := w.calls("StartLogging"); len(all) != len(names) || n != len(names) {
		t.Errorf("%d stopped trails have %d executions and %d calls that start them", len(names), len(all), n)
	}
}
