package wafv2

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// takenOff is the event that took a web ACL off a resource, with what was found out beside it.
type takenOff struct {
	Event    json.RawMessage `json:"event"`
	resource string          // ARN
	acl      string          // ARN of the web ACL that was there; "" where nothing tells of it
	gone     bool            // the web ACL is
}

// association is CloudTrail's record of a call that puts a resource behind a web ACL, or takes it from there.
type association struct {
	Name    string    `json:"eventName"`
	Time    time.Time `json:"eventTime"`
	Error   string    `json:"errorCode"`
	Request struct {
		Resource string `json:"resourceArn"`
		ACL      string `json:"webACLArn"`
	} `json:"requestParameters"`
}

// NewRestoreWebACL returns the action wafv2.restore-web-acl.
func NewRestoreWebACL(caller *awscall.Caller) action.Action {
	s := associate()
	return setting.New(caller, setting.Setting[takenOff, protection]{
		Spec: action.Spec{
			Name:  "wafv2.restore-web-acl",
			Title: "Put a load balancer or API behind the web ACL again that an event took off",
			Description: "Associates an application load balancer or a stage of a REST API again with the web ACL that looked at its requests before an event " +
				"ended that, as CloudTrail's history of 90 days tells of the association. What has another web ACL since keeps it. An association that is older, " +
				"and one with a web ACL that was deleted, is left to people.",
			Parameters:  awscall.EventSchema("DisassociateWebACL"),
			Permissions: append([]string{"cloudtrail:LookupEvents"}, s.Spec.Permissions...), Within: s.Spec.Within,
			Effect: action.StateChecked, Evidence: action.EventEvidence,
		},
		Complete: asAssociated,
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p takenOff) ([]action.Resource, error) {
			r, err := protected(ctx, cfg, req, p.resource)
			return []action.Resource{r}, err
		},
		Read: s.Read,
		Want: func(_ action.Resource, p takenOff, now protection) (protection, string, error) {
			switch {
			case now.ACL != "":
				return now, "The web ACL " + now.ACL + " looks at its requests already.", nil
			case p.acl == "":
				return now, "", setting.Escalation("CloudTrail's history doesn't tell which web ACL looked at its requests. Look it up in the template that made it " +
					"or in the history of AWS Config, and associate it again (aws wafv2 associate-web-acl).")
			case p.gone:
				return now, "", setting.Escalation("The web ACL " + p.acl + " looked at its requests, and was deleted since: make it again, and associate it.")
			}
			return protection{ACL: p.acl}, "Its web ACL was taken off.", nil
		},
		Steps: s.Steps, Operations: s.Operations,
	})
}

// asAssociated finds the last web ACL before the event that the resource was put behind.
func asAssociated(ctx context.Context, cfg aws.Config, req action.Request, p takenOff) (takenOff, error) {
	var event association
	if err := json.Unmarshal(p.Event, &event); err != nil || event.Name != "DisassociateWebACL" || event.Request.Resource == "" {
		return p, fault.New(fault.Invalid, "the event is not the CloudTrail record of a DisassociateWebACL that names a resource").
			WithHint(awscall.EventHint)
	}
	p.resource = event.Request.Resource
	if event.Time.IsZero() || event.Error != "" {
		return p, nil
	}
	err := awscall.History(ctx, cfg, trailtypes.LookupAttributeKeyEventName, "AssociateWebACL", event.Time, func(raw json.RawMessage) bool {
		var r association
		if json.Unmarshal(raw, &r) == nil && r.Error == "" && r.Request.Resource == p.resource {
			p.acl = r.Request.ACL
		}
		return p.acl == ""
	})
	if err != nil || p.acl == "" {
		return p, err
	}
	err = checkACL(ctx, cfg, req, p.acl)
	if fault.CodeOf(err) == fault.NotFound {
		p.gone, err = true, nil
	}
	return p, err
}
