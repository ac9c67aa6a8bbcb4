package redshift

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// encryption is whether a cluster encrypts what it stores.
type encryption struct {
	Encrypted bool `json:"encrypted"`

	status string
	copies string // the region that its snapshots are copied to; "": none
}

// NewEncryptCluster returns the action redshift.encrypt-cluster.
func NewEncryptCluster(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[routingParams, encryption]{
		Spec: action.Spec{
			Name:  "redshift.encrypt-cluster",
			Title: "Encrypt a cluster",
			Description: "Has a cluster encrypt what it stores by the account's key `aws/redshift`. Redshift moves everything into a new cluster behind the same " +
				"address, which takes from minutes to days by how much it is; the cluster can be read and not written meanwhile, and running queries " +
				"end. The undo moves it back as long. So it is done only with `interrupt`, and left to people without. Snapshots that are there stay " +
				"unencrypted. A cluster whose snapshots are copied to another region is left to people.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["cluster"], "properties": {
  ` + clusterProperty + `,
  "interrupt": {"type": "boolean", "description": "whether nothing may be written for as long as it takes"}}}`),
			Permissions: modifyPermissions,
			Effect:      action.StateChecked, TakesSeconds: 12 * 60 * 60,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p routingParams) ([]action.Resource, error) {
			return findCluster(ctx, cfg, req, clusterParams{p.Cluster})
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (encryption, error) {
			c, err := describe(ctx, cfg, r.Name)
			now := encryption{Encrypted: aws.ToBool(c.Encrypted), status: aws.ToString(c.ClusterStatus)}
			if c.ClusterSnapshotCopyStatus != nil {
				now.copies = aws.ToString(c.ClusterSnapshotCopyStatus.DestinationRegion)
			}
			return now, err
		},
		Want: func(_ action.Resource, p routingParams, now encryption) (encryption, string, error) {
			switch {
			case now.Encrypted:
				return now, "It is encrypted already.", nil
			case now.copies != "":
				return now, "", setting.Escalation("It stores everything unencrypted, and its snapshots are copied to " + now.copies + ": end the copying, encrypt the cluster, " +
					"and copy again with a snapshot copy grant.")
			case !p.Interrupt:
				return now, "", setting.Escalation("It stores everything unencrypted. Nothing can be written to it while Redshift moves it: plan it again with interrupt " +
					"when that may be.")
			}
			return encryption{Encrypted: true}, "It stores everything unencrypted. Nothing can be written to it while Redshift moves it.", settled(now.status)
		},
		Steps: func(r action.Resource, _, to encryption) ([]setting.Step[encryption], error) {
			return modify(r, "Encrypted", to.Encrypted, to)
		},
		Operations: modifyOperations,
	})
}
