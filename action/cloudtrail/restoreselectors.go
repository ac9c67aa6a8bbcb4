package cloudtrail

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

type selectorParams struct {
	Trail    string             `json:"trail"`
	Basic    []eventSelector    `json:"event_selectors,omitempty"`
	Advanced []advancedSelector `json:"advanced_event_selectors,omitempty"`
}

// maxSelectors is the most event selectors of a trail.
const maxSelectors = 5

func (p selectorParams) check() error {
	if len(p.Basic) > maxSelectors || len(p.Basic) > 0 && len(p.Advanced) > 0 {
		return fault.New(fault.Invalid, "a trail has up to %d event_selectors, or advanced_event_selectors", maxSelectors).
			WithHint("give one of them as it was before, or none to have all management events recorded")
	}
	return nil
}

// NewRestoreSelectors returns the action cloudtrail.restore-event-selectors.
func NewRestoreSelectors(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[selectorParams, selectors]{
		Spec: action.Spec{
			Name:  "cloudtrail.restore-event-selectors",
			Title: "Have a trail record again what it did",
			Description: "Puts the event selectors of a trail back to those that are given, as CloudTrail's API names their members. Where none are " +
				"given, all management events, reads and writes, are recorded; what the trail records of other events stays.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["trail"], "properties": {` + trailProperty + `,
  "event_selectors": {"type": "array", "minItems": 1, "maxItems": 5, "items": {"type": "object"}, "description": "the event selectors as they were, such as [{\"ReadWriteType\": \"All\", \"IncludeManagementEvents\": true}]"},
  "advanced_event_selectors": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["FieldSelectors"]}, "description": "or the advanced ones"}}}`),
			Permissions: []string{
				"cloudtrail:DescribeTrails", "cloudtrail:ListTags", "cloudtrail:GetEventSelectors", "cloudtrail:PutEventSelectors",
			},
			Effect: action.StateChecked,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p selectorParams) ([]action.Resource, error) {
			if err := p.check(); err != nil {
				return nil, err
			}
			return findTrail(ctx, caller, cfg, req, p.Trail)
		},
		Leave: leaveTrail, Read: readSelectors,
		Want: func(_ action.Resource, p selectorParams, now selectors) (selectors, string, error) {
			if len(p.Basic)+len(p.Advanced) > 0 {
				want := selectors{Basic: whole(p.Basic), Advanced: p.Advanced}
				if want.same(now) {
					return now, "It records that already.", nil
				}
				return want, "It records something else than it did.", nil
			}
			if now.all() {
				return now, "It records all management events already.", nil
			}
			want := now.withAll()
			if len(want.Basic) > maxSelectors {
				return now, "", setting.Escalation("It has no room for one more selector: give event_selectors, as they were or with all management events.")
			}
			return want, "It doesn't record all management events.", nil
		},
		Steps: func(r action.Resource, _, to selectors) ([]setting.Step[selectors], error) {
			input := map[string]any{"TrailName": r.ARN, "EventSelectors": to.Basic}
			if to.Advanced != nil {
				input = map[string]any{"TrailName": r.ARN, "AdvancedEventSelectors": to.Advanced}
			}
			return []setting.Step[selectors]{{Operation: "PutEventSelectors", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{"PutEventSelectors": setting.Op(cloudtrail.NewFromConfig, (*cloudtrail.Client).PutEventSelectors)},
	})
}
