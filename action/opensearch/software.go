package opensearch

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	"github.com/aws/aws-sdk-go-v2/service/opensearch/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// software is the service software that a domain has, or is about to have where an update is under way.
type software struct {
	Version string `json:"version"`

	status types.DeploymentStatus
	newer  string // that it can be updated to; "": none
}

// NewUpdateSoftware returns the action opensearch.update-software.
func NewUpdateSoftware(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[domainParams, software]{
		Spec: action.Spec{
			Name:  "opensearch.update-software",
			Title: "Update the service software of a domain",
			Description: "Starts the newest update of the service software under a domain, which mends known faults; the engine keeps its version. OpenSearch Service " +
				"moves everything to new nodes for that, within an hour or some; the domain goes on under more load. A domain without replicas or with full " +
				"disks may be unavailable for a while.",
			Parameters:   json.RawMessage(domainSchema),
			Permissions:  []string{"es:DescribeDomain", "es:ListTags", "es:StartServiceSoftwareUpdate"},
			Effect:       action.StateChecked,
			Irreversible: "an update that has begun goes on; before, `aws opensearch cancel-service-software-update` takes it back",
		},
		Find: findDomain, Leave: changing, Service: prefix,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (software, error) {
			d, err := describe(ctx, cfg, r.Name)
			if err != nil || d.ServiceSoftwareOptions == nil {
				return software{}, err
			}
			o := d.ServiceSoftwareOptions
			now := software{Version: aws.ToString(o.CurrentVersion), status: o.UpdateStatus}
			switch {
			case o.UpdateStatus == types.DeploymentStatusPendingUpdate, o.UpdateStatus == types.DeploymentStatusInProgress:
				now.Version = aws.ToString(o.NewVersion)
			case aws.ToBool(o.UpdateAvailable):
				now.newer = aws.ToString(o.NewVersion)
			}
			return now, nil
		},
		Want: func(_ action.Resource, _ domainParams, now software) (software, string, error) {
			switch {
			case now.newer == "":
				return now, "No update is there for it, or one is under way already.", nil
			case now.status == types.DeploymentStatusNotEligible:
				return now, "", setting.Escalation("The update to " + now.newer + " is there and can't be made: see what its notification in OpenSearch Service says.")
			}
			return software{Version: now.newer}, "It runs " + now.Version + ", and " + now.newer + " is there.", nil
		},
		Steps: func(r action.Resource, _, to software) ([]setting.Step[software], error) {
			input := map[string]string{"DomainName": r.Name}
			return []setting.Step[software]{{Operation: "StartServiceSoftwareUpdate", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"StartServiceSoftwareUpdate": setting.Op(opensearch.NewFromConfig, (*opensearch.Client).StartServiceSoftwareUpdate),
		},
	})
}
