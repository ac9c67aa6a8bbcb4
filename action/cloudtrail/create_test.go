package cloudtrail_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/cloudtrail"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

const toBucket = `{"bucket":"` + trailBucket + `"}`

func allRegions() *sdk.UpdateTrailInput {
	return &sdk.UpdateTrailInput{Name: aws.String("main"), IsMultiRegionTrail: aws.Bool(true), IncludeGlobalServiceEvents: aws.Bool(true)}
}

func ofAllRegions(in *sdk.CreateTrailInput) { in.IsMultiRegionTrail = aws.Bool(true) }

// trails is every trail of the account, with whether it logs.
func (c cloud) trails() string {
	c.t.Helper()
	client := c.client(actiontest.Account, actiontest.Region)
	out, err := client.DescribeTrails(c.t.Context(), &sdk.DescribeTrailsInput{})
	if err != nil {
		c.t.Fatal(err)
	}
	state := []any{}
	for _, t := range out.TrailList {
		status, err := client.GetTrailStatus(c.t.Context(), &sdk.GetTrailStatusInput{Name: t.TrailARN})
		if err != nil {
			c.t.Fatal(err)
		}
		state = append(state, t, *status.IsLogging)
	}
	raw, err := json.Marshal(state)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(raw)
}

func (c cloud) stop(name string) {
	c.t.Helper()
	if _, err := c.client(actiontest.Account, actiontest.Region).StopLogging(c.t.Context(), &sdk.StopLoggingInput{Name: &name}); err != nil {
		c.t.Fatal(err)
	}
}

func TestCreate(t *testing.T) {
	everything := `{"bucket":"` + trailBucket + `","prefix":"trails","name":"main","kms_key":"` + trailKey + `"}`
	for _, tt := range []struct {
		name, params, trail, stale string
		setUp                      func(cloud)
		interfere                  func(cloud)
		elsewhere                  []string
	}{
		{"no trail", toBucket, "riposte", "StartLogging", func(cloud) {}, func(c cloud) { c.stop("riposte") }, []string{"cloudtrail:StopLogging"}},
		{"one of one region", everything, "main", "StartLogging", func(c cloud) {
			c.trail(actiontest.Account, actiontest.Region, "narrow", true)
		}, func(c cloud) { c.stop("main") }, []string{"cloudtrail:StopLogging"}},
		{"one that was created and not started", toBucket, "riposte", "StartLogging", func(c cloud) {
			c.trail(actiontest.Account, actiontest.Region, "riposte", false, ofAllRegions)
		}, func(c cloud) {
			if _, err := c.client(actiontest.Account, actiontest.Region).DeleteTrail(c.t.Context(), &sdk.DeleteTrailInput{Name: aws.String("riposte")}); err != nil {
				c.t.Fatal(err)
			}
		}, []string{"cloudtrail:CreateTrail", "cloudtrail:DeleteTrail"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				tt.setUp(c)
				return actiontest.World{
					Action:  func(permissions []string) action.Action { return cloudtrail.NewCreate(c.Caller(permissions)) },
					Request: action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: json.RawMessage(tt.params)},
					Missing: nil, State: c.trails, Writes: c.Writes, Elsewhere: tt.elsewhere,
					Interfere: func() { tt.interfere(c) },
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "cloudtrail", Operation: tt.stale, Reads: reads})
					},
				}
			})
		})
	}
}

func TestWhatCreateLeaves(t *testing.T) {
	for _, tt := range []struct {
		name   string
		setUp  func(cloud)
		status action.Status
		says   string
	}{
		{"a trail of all regions", func(c cloud) { c.trail(actiontest.Account, "us-east-1", "main", true, ofAllRegions) }, action.Unneeded, "us-east-1:111122223333:trail/main already"},
		{"one that is stopped", func(c cloud) { c.trail(actiontest.Account, "us-east-1", "main", false, ofAllRegions) }, action.Escalated, "cloudtrail.start-logging"},
		{"the organisation's", func(c cloud) {
			c.trail(actiontest.Management, actiontest.Region, "org", true, ofOrganization, ofAllRegions)
		}, action.Unneeded, "trail/org already"},
		{"one of one region with the name", func(c cloud) { c.trail(actiontest.Account, actiontest.Region, "riposte", true) }, action.Escalated, "cloudtrail.make-multi-region"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.setUp(c)
			a := cloudtrail.NewCreate(c.Caller(cloudtrail.NewCreate(nil).Spec().Permissions))
			actiontest.Want(t, c.Item(a, action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: json.RawMessage(toBucket)}), tt.status, tt.says)
		})
	}
}

// A bucket that doesn't let CloudTrail write is refused by CloudTrail, and nothing is left.
func TestABucketThatTakesNothing(t *testing.T) {
	c := newCloud(t)
	a := cloudtrail.NewCreate(c.Caller(cloudtrail.NewCreate(nil).Spec().Permissions))
	item := c.Item(a, action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: json.RawMessage(`{"bucket":"of-somebody-else"}`)})
	if _, err := a.Apply(t.Context(), item); err == nil || c.trails() != "[]" {
		t.Errorf("apply: %v, and the trails are %s", err, c.trails())
	}
	if _, err := a.Plan(t.Context(), action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: json.RawMessage(`{"bucket":"b","name":"-"}`)}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a name that CloudTrail takes for none: %v, want invalid", err)
	}
}
