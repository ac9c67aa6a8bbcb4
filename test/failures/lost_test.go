package failures

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	s3sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/action"
	"riposte.dev/event"
	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/sandbox"
)

const blockBucket = `
StartAt: Act
States:
  Act: {Type: Task, Resource: "riposte:action:s3.block-public-access", Parameters: {bucket: reports}, ResultPath: $.act, Next: Tell}
  Tell: {Type: Task, Resource: "riposte:notify", Parameters: {message.$: $.act.status}, End: true}
`

const blockAccount = `
StartAt: Act
States:
  Act: {Type: Task, Resource: "riposte:action:s3.block-account-public-access", Parameters: {}, ResultPath: $.act, Next: Tell}
  Tell: {Type: Task, Resource: "riposte:notify", Parameters: {message.$: $.act.status}, End: true}
`

// CloudTrail names these events otherwise than the API its operations. A call of which no answer came is found by its event all
// the same: it is not taken for a misuse of riposte's role, while the same call at another place is.
func TestALostAnswerOfWhatCloudTrailNamesOtherwise(t *testing.T) {
	for name, c := range map[string]struct{ playbook, put, undone string }{
		"bucket":  {blockBucket, "PutBucketPublicAccessBlock", "DeleteBucketPublicAccessBlock"},
		"account": {blockAccount, "PutAccountPublicAccessBlock", "DeleteAccountPublicAccessBlock"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			client := s3sdk.NewFromConfig(w.Admin(account, region), func(o *s3sdk.Options) { o.UsePathStyle = true })
			_, err := client.CreateBucket(t.Context(), &s3sdk.CreateBucketInput{
				Bucket: aws.String("reports"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
			})
			w.must(err)
			_, err = client.DeletePublicAccessBlock(t.Context(), &s3sdk.DeletePublicAccessBlockInput{Bucket: aws.String("reports")})
			w.must(err)
			lose := func(operation string) {
				w.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: operation}, Times: 1, After: true, Drop: true})
			}
			lose("PutPublicAccessBlock")
			v := w.respond(c.playbook, `{}`)
			w.ends(v, playbook.Succeeded, action.Changed)
			lose("DeletePublicAccessBlock")
			undo, err := w.runtime.Undo(t.Context(), v.ID, playbook.UndoOptions{By: "ana"})
			w.must(err)
			if got := undo.Plans[0].Items[0]; got.Status != action.Changed {
				t.Errorf("the undo: %s (%s)", got.Status, got.Error)
			}
			for _, eventName := range []string{c.put, c.undone} {
				first := w.recorded(eventName)
				if got := w.verdict(first); got != guard.NotifyOnly {
					t.Errorf("%s is taken for %s", eventName, got)
				}
				first.EventSource = "iam.amazonaws.com"
				if got := w.verdict(first); got != guard.Misuse {
					t.Errorf("%s of another service is taken for %s", eventName, got)
				}
			}
		})
	}
}

// recorded is what CloudTrail has of riposte's first call by that event name.
func (w *world) recorded(eventName string) *event.Record {
	w.t.Helper()
	out, err := cloudtrail.NewFromConfig(w.Admin(account, region)).LookupEvents(w.t.Context(), &cloudtrail.LookupEventsInput{
		LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyEventName, AttributeValue: &eventName}},
	})
	w.must(err)
	for _, found := range slices.Backward(out.Events) { // CloudTrail tells the latest first
		e, err := event.FromCloudTrail([]byte(aws.ToString(found.CloudTrailEvent)))
		w.must(err)
		if r := e.Record(); r.UserIdentity.ARN == responder {
			return r
		}
	}
	w.t.Fatalf("CloudTrail has no %s of riposte", eventName)
	return nil
}

// verdict is what the guard makes of a record.
func (w *world) verdict(r *event.Record) guard.Outcome {
	w.t.Helper()
	raw, err := json.Marshal(r)
	w.must(err)
	e, err := event.FromCloudTrail(raw)
	w.must(err)
	v, err := w.guard.Admit(w.t.Context(), guard.Admission{Rule: "rule", Mode: guard.Auto, Event: e})
	w.must(err)
	return v.Outcome
}
