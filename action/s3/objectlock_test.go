package s3_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/s3"
	"riposte.dev/fault"
)

func (c cloud) lock(mode types.ObjectLockRetentionMode, days, years int32) {
	c.T.Helper()
	c.version("Enabled")
	config := &types.ObjectLockConfiguration{ObjectLockEnabled: types.ObjectLockEnabledEnabled}
	if mode != "" {
		config.Rule = &types.ObjectLockRule{DefaultRetention: &types.DefaultRetention{Mode: mode}}
	}
	if days > 0 {
		config.Rule.DefaultRetention.Days = &days
	}
	if years > 0 {
		config.Rule.DefaultRetention.Years = &years
	}
	_, err := c.client.PutObjectLockConfiguration(c.T.Context(), &sdk.PutObjectLockConfigurationInput{Bucket: aws.String(bucket), ObjectLockConfiguration: config})
	c.Must(err)
}

// held is how the bucket holds new objects.
func (c cloud) held() string {
	c.T.Helper()
	out, err := c.client.GetObjectLockConfiguration(c.T.Context(), &sdk.GetObjectLockConfigurationInput{Bucket: aws.String(bucket)})
	if err != nil {
		return "no lock"
	}
	rule := out.ObjectLockConfiguration.Rule
	if rule == nil {
		return "no rule"
	}
	d := rule.DefaultRetention
	return fmt.Sprint(d.Mode, " ", aws.ToInt32(d.Days), " days ", aws.ToInt32(d.Years), " years")
}

func TestObjectLock(t *testing.T) {
	for name, spoil := range map[string]func(cloud){
		"a bucket with versions":  func(c cloud) { c.version("Enabled") },
		"a lock without a rule":   func(c cloud) { c.lock("", 0, 0) },
		"a lock that ends sooner": func(c cloud) { c.lock(types.ObjectLockRetentionModeGovernance, 1, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t, region)
				spoil(c)
				w := c.World(s3.NewEnableObjectLock, `{"bucket":"`+bucket+`","days":30}`, `{"bucket":"no-such-bucket","days":30}`, c.held)
				w.Elsewhere = []string{"s3:GetBucketLocation"}
				w.Permission = func(action.Call) string { return "s3:PutBucketObjectLockConfiguration" }
				return w
			})
		})
	}
}

// A lock is made longer or stronger, never shorter or weaker.
func TestObjectLocksThatAreThere(t *testing.T) {
	const governance, compliance = types.ObjectLockRetentionModeGovernance, types.ObjectLockRetentionModeCompliance
	for _, tt := range []struct {
		name   string
		spoil  func(cloud)
		params string
		status action.Status
		says   string
		then   string
	}{
		{"no versions", func(cloud) {}, `,"days":30`, action.Escalated, "s3.enable-versioning", ""},
		{"longer", func(c cloud) { c.lock(governance, 60, 0) }, `,"days":30`, action.Unneeded, "60 days in mode GOVERNANCE already", ""},
		{"years", func(c cloud) { c.lock(governance, 0, 1) }, `,"days":365`, action.Unneeded, "1 years", ""},
		{"stronger", func(c cloud) { c.lock(compliance, 30, 0) }, `,"days":30`, action.Unneeded, "COMPLIANCE already", ""},
		{"stronger, but shorter", func(c cloud) { c.lock(compliance, 10, 0) }, `,"days":30`, action.Change, "10 days in mode COMPLIANCE only", "COMPLIANCE 30 days 0 years"},
		{"weaker, but longer", func(c cloud) { c.lock(governance, 0, 2) }, `,"days":30,"mode":"COMPLIANCE"`, action.Change, "2 years", "COMPLIANCE 0 days 2 years"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t, region)
			tt.spoil(c)
			a := c.Action(s3.NewEnableObjectLock)
			item := c.Item(a, actiontest.Request(`{"bucket":"`+bucket+`"`+tt.params+`}`))
			actiontest.Want(t, item, tt.status, tt.says)
			if tt.status == action.Change {
				c.Do(a, item)
				if got := c.held(); got != tt.then {
					t.Errorf("it holds %s, want %s", got, tt.then)
				}
			}
		})
	}
	c := newCloud(t, region)
	for _, days := range []string{"0", "36501"} {
		_, err := s3.NewEnableObjectLock(c.Caller(nil)).Plan(t.Context(), actiontest.Request(`{"bucket":"`+bucket+`","days":`+days+`}`))
		if fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s days: %v", days, err)
		}
	}
}
