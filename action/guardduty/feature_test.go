package guardduty_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/guardduty/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/guardduty"
	"riposte.dev/fault"
)

// turn turns features of the detector on or off.
func (c cloud) turn(status types.FeatureStatus, names ...types.DetectorFeature) {
	c.T.Helper()
	in := &sdk.UpdateDetectorInput{DetectorId: aws.String(c.detector())}
	for _, name := range names {
		in.Features = append(in.Features, types.DetectorFeatureConfiguration{Name: name, Status: status})
	}
	_, err := c.client.UpdateDetector(c.T.Context(), in)
	c.Must(err)
}

const (
	s3      = types.DetectorFeatureS3DataEvents
	malware = types.DetectorFeatureEbsMalwareProtection
	runtime = types.DetectorFeatureRuntimeMonitoring
)

func TestEnableFeature(t *testing.T) {
	for _, tt := range []struct {
		params    string
		off       []types.DetectorFeature
		elsewhere []string
	}{
		{`{"features":["S3_DATA_EVENTS","RUNTIME_MONITORING","EKS_AUDIT_LOGS"]}`, []types.DetectorFeature{s3}, []string{"iam:CreateServiceLinkedRole"}},
		{`{"features":["EBS_MALWARE_PROTECTION"]}`, []types.DetectorFeature{s3, malware}, nil},
	} {
		t.Run(tt.params, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				c.on()
				c.turn(types.FeatureStatusDisabled, tt.off...)
				w := c.World(guardduty.NewEnableFeature, tt.params, "", c.state)
				w.Elsewhere = tt.elsewhere
				w.Interfere = func() { c.turn(types.FeatureStatusDisabled, types.DetectorFeatureRdsLoginEvents) }
				return w
			})
		})
	}
}

func TestWhatEnableFeatureLeaves(t *testing.T) {
	eks := types.DetectorFeatureEksRuntimeMonitoring
	for _, tt := range []struct {
		name   string
		setUp  func(cloud)
		params string
		status action.Status
		says   string
	}{
		{"what it looks at", cloud.on, `{"features":["S3_DATA_EVENTS"]}`, action.Unneeded, "already"},
		{"no detector", func(cloud) {}, `{"features":["S3_DATA_EVENTS"]}`, action.Escalated, "guardduty.enable"},
		{"a suspended detector", cloud.suspended, `{"features":["S3_DATA_EVENTS"]}`, action.Escalated, "guardduty.enable"},
		{"an administrator's", cloud.watched, `{"features":["RUNTIME_MONITORING"]}`, action.Escalated, "Account 999988887777 manages"},
		{"the predecessor is on", func(c cloud) { c.on(); c.turn(types.FeatureStatusEnabled, eks) }, `{"features":["RUNTIME_MONITORING"]}`, action.Escalated, "EKS_RUNTIME_MONITORING is on"},
		{"two are off", func(c cloud) { c.on(); c.turn(types.FeatureStatusDisabled, s3, malware) }, `{"features":["S3_DATA_EVENTS","EBS_MALWARE_PROTECTION","EKS_AUDIT_LOGS"]}`,
			action.Change, "does not look at S3_DATA_EVENTS, EBS_MALWARE_PROTECTION."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.setUp(c)
			actiontest.Want(t, c.Item(c.Action(guardduty.NewEnableFeature), actiontest.Request(tt.params)), tt.status, tt.says)
		})
	}
	a := newCloud(t).Action(guardduty.NewEnableFeature)
	for _, params := range []string{`{"features":[]}`, `{"features":["DNS_LOGS"]}`} {
		if _, err := a.Plan(t.Context(), actiontest.Request(params)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want invalid with a hint", params, err)
		}
	}
}
