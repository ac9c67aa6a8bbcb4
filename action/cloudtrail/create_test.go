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
)

const toBucket = `{"bucket":"` + trailBucket + `"}`

func allRegions() *sdk.UpdateTrailInput {
	return &sdk.UpdateTrailInput{Name: aws.String("main"), IsMultiRegionTrail: aws.Bool(true), IncludeGlobalServiceEvents: aws.Bool(true)}
}

func ofAllRegions(in *sdk.CreateTrailInput) { in.IsMultiRegionTrail = aws.Bool(true) }

// trails is every trail of the account, with whether it logs.
func (c cloud) trails() string {
	c.T.Helper()
	client := c.client(actiontest.Account, actiontest.Region)
	out, err := client.DescribeTrails(c.T.Context(), &sdk.DescribeTrailsInput{})
	c.Must(err)
	state := []any{}
	for _, t := range out.TrailList {
		status, err := client.GetTrailStatus(c.T.Context(), &sdk.GetTrailStatusInput{Name: t.TrailARN})
		if err != nil {
			c.T.Fatal(err)
		}
		state = append(state, t, *status.IsLogging)
	}
	raw, err := json.Marshal(state)
	c.Must(err)
	return string(raw)
}

func (c cloud) stop(name string) {
	c.T.Helper()
	_, err := c.client(actiontest.Account, actiontest.Region).StopLogging(c.T.Context(), &sdk.StopLoggingInput{Name: &name})
	c.Must(err)
}

func TestCreate(t *testing.T) {
	everything := `{"bucket":"` + trailBucket + `","prefix":"trails","name":"main","kms_key":"` + trailKey + `"}`
	for _, tt := range []struct {
		name, params, trail string
		setUp               func(cloud)
		interfere           func(cloud)
		elsewhere           []string
	}{
		{"no trail", toBucket, "riposte", func(cloud) {}, func(c cloud) { c.stop("riposte") }, []string{"cloudtrail:StopLogging"}},
		{"one of one region", everything, "main", func(c cloud) {
			c.trail(actiontest.Account, actiontest.Region, "narrow", true)
		}, func(c cloud) { c.stop("main") }, []string{"cloudtrail:StopLogging"}},
		{"one that was created and not started", toBucket, "riposte", func(c cloud) {
			c.trail(actiontest.Account, actiontest.Region, "riposte", false, ofAllRegions)
		}, func(c cloud) {
			if _, err := c.client(actiontest.Account, actiontest.Region).DeleteTrail(c.T.Context(), &sdk.DeleteTrailInput{Name: aws.String("riposte")}); err != nil {
				c.T.Fatal(err)
			}
		}, []string{"cloudtrail:CreateTrail", "cloudtrail:DeleteTrail"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				tt.setUp(c)
				w := c.World(cloudtrail.NewCreate, tt.params, "", c.trails)
				w.Elsewhere = tt.elsewhere
				w.Interfere = actiontest.On(c, tt.interfere)
				return w
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
			a := c.Action(cloudtrail.NewCreate)
			actiontest.Want(t, c.Item(a, actiontest.Request(toBucket)), tt.status, tt.says)
		})
	}
}

// A bucket that doesn't let CloudTrail write is refused by CloudTrail, and nothing is left.
func TestABucketThatTakesNothing(t *testing.T) {
	c := newCloud(t)
	a := c.Action(cloudtrail.NewCreate)
	item := c.Item(a, actiontest.Request(`{"bucket":"of-somebody-else"}`))
	if _, err := a.Apply(t.Context(), item); err == nil || c.trails() != "[]" {
		t.Errorf("apply: %v, and the trails are %s", err, c.trails())
	}
	if _, err := a.Plan(t.Context(), actiontest.Request(`{"bucket":"b","name":"-"}`)); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a name that CloudTrail takes for none: %v, want invalid", err)
	}
}
