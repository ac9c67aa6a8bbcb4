package cloudtrail_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/cloudtrail"
	"riposte.dev/fault"
)

const (
	trailKey = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	otherKey = "arn:aws:kms:eu-west-1:777788889999:key/1234abcd-12ab-34cd-56ef-1234567890ab"
)

// narrow is a cloud with a trail main that records writes of one region only, without digests.
type narrow struct{ cloud }

func newNarrow(t *testing.T) narrow {
	t.Helper()
	n := narrow{newCloud(t)}
	n.trail(actiontest.Account, actiontest.Region, "main", true, func(in *sdk.CreateTrailInput) {
		in.IncludeGlobalServiceEvents = aws.Bool(false)
		in.TagsList = []types.Tag{{Key: aws.String("team"), Value: aws.String("audit")}}
	})
	n.put(types.EventSelector{ReadWriteType: types.ReadWriteTypeWriteOnly})
	return n
}

func (n narrow) home() *sdk.Client { return n.client(actiontest.Account, actiontest.Region) }

func (n narrow) put(list ...types.EventSelector) {
	n.T.Helper()
	_, err := n.home().PutEventSelectors(n.T.Context(), &sdk.PutEventSelectorsInput{TrailName: aws.String("main"), EventSelectors: list})
	n.Must(err)
}

func (n narrow) putAdvanced(list ...types.AdvancedEventSelector) {
	n.T.Helper()
	_, err := n.home().PutEventSelectors(n.T.Context(), &sdk.PutEventSelectorsInput{TrailName: aws.String("main"), AdvancedEventSelectors: list})
	n.Must(err)
}

func (n narrow) update(change func(*sdk.UpdateTrailInput)) {
	n.T.Helper()
	in := &sdk.UpdateTrailInput{Name: aws.String("main")}
	change(in)
	_, err := n.home().UpdateTrail(n.T.Context(), in)
	n.Must(err)
}

func (n narrow) encrypt(key string) {
	n.update(func(in *sdk.UpdateTrailInput) { in.KmsKeyId = &key })
}

func (n narrow) delete() {
	n.T.Helper()
	_, err := n.home().DeleteTrail(n.T.Context(), &sdk.DeleteTrailInput{Name: aws.String("main")})
	n.Must(err)
}

// state is the settings of the trail.
func (n narrow) state() string {
	n.T.Helper()
	trail, err := n.home().GetTrail(n.T.Context(), &sdk.GetTrailInput{Name: aws.String("main")})
	if err != nil {
		return "none"
	}
	selectors, err := n.home().GetEventSelectors(n.T.Context(), &sdk.GetEventSelectorsInput{TrailName: aws.String("main")})
	n.Must(err)
	raw, err := json.Marshal([]any{trail.Trail, selectors.EventSelectors, selectors.AdvancedEventSelectors})
	n.Must(err)
	return string(raw)
}

// advanced is a selector of the fields, each with one value, given in turn.
func advanced(fields ...string) types.AdvancedEventSelector {
	var s types.AdvancedEventSelector
	for i := 0; i < len(fields); i += 2 {
		s.FieldSelectors = append(s.FieldSelectors, types.AdvancedFieldSelector{Field: &fields[i], Equals: fields[i+1 : i+2]})
	}
	return s
}

const (
	ofMain    = `{"trail":"main"}`
	ofOther   = `{"trail":"other"}`
	encrypted = `{"trail":"main","kms_key":"` + trailKey + `"}`
	reads     = `{"trail":"main","event_selectors":[{"ReadWriteType":"ReadOnly","DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}]}]}`
	objects   = `{"trail":"main","advanced_event_selectors":[{"Name":"objects","FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]}]}]}`
)

func TestSettings(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction actiontest.NewAction
		params    string
		missing   string
		spoil     func(narrow)
		interfere func(narrow)
	}{
		{"restore what is recorded", cloudtrail.NewRestoreSelectors, ofMain, ofOther, nil, func(n narrow) {
			n.put(types.EventSelector{ReadWriteType: types.ReadWriteTypeReadOnly})
		}},
		{"restore advanced selectors", cloudtrail.NewRestoreSelectors, ofMain, ofOther, func(n narrow) {
			n.putAdvanced(advanced("eventCategory", "Management", "readOnly", "true"), advanced("eventCategory", "Data", "resources.type", "AWS::S3::Object"))
		}, narrow.delete},
		{"restore to selectors", cloudtrail.NewRestoreSelectors, reads, ofOther, nil, narrow.delete},
		{"restore to advanced selectors", cloudtrail.NewRestoreSelectors, objects, ofOther, nil, narrow.delete},
		{"sign log files", cloudtrail.NewEnableLogValidation, ofMain, ofOther, nil, narrow.delete},
		{"take all regions", cloudtrail.NewMakeMultiRegion, ofMain, ofOther, nil, narrow.delete},
		{"encrypt", cloudtrail.NewSetKMSKey, encrypted, `{"trail":"other","kms_key":"` + trailKey + `"}`, nil, func(n narrow) { n.encrypt(otherKey) }},
		{"encrypt again with one's own key", cloudtrail.NewSetKMSKey, encrypted, `{"trail":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/other","kms_key":"` + trailKey + `"}`, func(n narrow) { n.encrypt(otherKey) }, func(n narrow) { n.encrypt("") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				n := newNarrow(t)
				if tt.spoil != nil {
					tt.spoil(n)
				}
				w := n.World(tt.newAction, tt.params, tt.missing, n.state)
				w.Interfere = actiontest.On(n, tt.interfere)
				return w
			})
		})
	}
}

func TestWhatTheSettingsLeave(t *testing.T) {
	objects3 := types.EventSelector{
		IncludeManagementEvents: aws.Bool(false), DataResources: []types.DataResource{{Type: aws.String("AWS::S3::Object"), Values: []string{"arn:aws:s3"}}},
	}
	for _, tt := range []struct {
		name      string
		newAction actiontest.NewAction
		params    string
		spoil     func(narrow)
		status    action.Status
		says      string
	}{
		{"all management events", cloudtrail.NewRestoreSelectors, ofMain, func(n narrow) { n.put(objects3, types.EventSelector{}) }, action.Unneeded, "already"},
		{"all by an advanced selector", cloudtrail.NewRestoreSelectors, ofMain, func(n narrow) { n.putAdvanced(advanced("eventCategory", "Management")) }, action.Unneeded, "already"},
		{"what is given", cloudtrail.NewRestoreSelectors, `{"trail":"main","event_selectors":[{"ReadWriteType":"WriteOnly"}]}`, func(narrow) {}, action.Unneeded, "that already"},
		{"no room", cloudtrail.NewRestoreSelectors, ofMain, func(n narrow) { n.put(objects3, objects3, objects3, objects3, objects3) }, action.Escalated, "no room"},
		{"digests", cloudtrail.NewEnableLogValidation, ofMain, func(n narrow) {
			n.update(func(in *sdk.UpdateTrailInput) { in.EnableLogFileValidation = aws.Bool(true) })
		}, action.Unneeded, "already"},
		{"all regions", cloudtrail.NewMakeMultiRegion, ofMain, func(n narrow) {
			n.update(func(in *sdk.UpdateTrailInput) {
				in.IsMultiRegionTrail, in.IncludeGlobalServiceEvents = aws.Bool(true), aws.Bool(true)
			})
		}, action.Unneeded, "already"},
		{"the key", cloudtrail.NewSetKMSKey, encrypted, func(n narrow) { n.encrypt(trailKey) }, action.Unneeded, "already"},
		{"the organisation's trail", cloudtrail.NewMakeMultiRegion, `{"trail":"org"}`, func(n narrow) {
			n.trail(actiontest.Management, actiontest.Region, "org", true, ofOrganization)
		}, action.Escalated, "from account 999988887777"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := newNarrow(t)
			tt.spoil(n)
			item := n.Plan(tt.newAction, tt.params)
			actiontest.Want(t, item, tt.status, tt.says)
			if tt.status == action.Unneeded && item.Resource.Tags["team"] != "audit" {
				t.Errorf("the tags are %v, want the trail's", item.Resource.Tags)
			}
		})
	}
}

func TestOtherEventsStayRecorded(t *testing.T) {
	n := newNarrow(t)
	n.put(types.EventSelector{
		ReadWriteType: types.ReadWriteTypeWriteOnly, ExcludeManagementEventSources: []string{"kms.amazonaws.com"},
		DataResources: []types.DataResource{{Type: aws.String("AWS::S3::Object"), Values: []string{"arn:aws:s3"}}},
	}, types.EventSelector{ReadWriteType: types.ReadWriteTypeReadOnly})
	got := n.Plan(cloudtrail.NewRestoreSelectors, ofMain).After
	want := `{"event_selectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":false,"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}]},` +
		`{"ReadWriteType":"All","IncludeManagementEvents":true}]}`
	if string(got) != want {
		t.Errorf("the selectors will be\n%s, want\n%s", got, want)
	}
}

func TestParametersOfSettingsThatAreRefused(t *testing.T) {
	n := newNarrow(t)
	for _, tt := range []struct {
		newAction actiontest.NewAction
		params    string
	}{
		{cloudtrail.NewRestoreSelectors, `{"trail":"main","event_selectors":[{}],"advanced_event_selectors":[{"FieldSelectors":[]}]}`},
		{cloudtrail.NewRestoreSelectors, `{"trail":"main","event_selectors":[{},{},{},{},{},{}]}`},
		{cloudtrail.NewRestoreSelectors, `{"trail":"main","event_selectors":[{"readwritetype":"All"}]}`},
		{cloudtrail.NewSetKMSKey, `{"trail":"main","kms_key":"alias/trails"}`},
		{cloudtrail.NewSetKMSKey, fmt.Sprintf(`{"trail":"main","kms_key":%q}`, "arn:aws:kms:eu-west-1:111122223333:alias/trails")},
	} {
		a := n.Action(tt.newAction)
		_, err := a.Plan(t.Context(), actiontest.Request(tt.params))
		if fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want it refused with a hint", tt.params, err)
		}
	}
}
