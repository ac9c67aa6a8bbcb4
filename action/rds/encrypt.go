package rds

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

func badDays(days int) error {
	return fault.New(fault.Invalid, "backups can't be kept for %d days", days).WithHint("give days from 1 to 35")
}

type encryptParams struct {
	Instance string `json:"instance"`
	Key      string `json:"key,omitempty"`
}

// storage is whether what an instance stores is encrypted, and what another instance in its place must have.
type storage struct {
	Encrypted bool `json:"storage_encrypted"`

	cluster, subnets string
	groups           []string
}

// NewEncrypt returns the action rds.encrypt-instance.
func NewEncrypt(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[encryptParams, storage]{
		Spec: action.Spec{
			Name:  "rds.encrypt-instance",
			Title: "Say how to encrypt a database",
			Description: "Looks whether a database instance is encrypted. RDS can't encrypt one where it is: where it isn't, people are told the exact steps " +
				"that put an encrypted instance in its place. riposte takes none of them, because writes between them would be lost and its clients are interrupted.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["instance"], "properties": {
  "instance": {"type": "string", "minLength": 1, "description": "identifier or ARN of the database instance"},
  "key": {"type": "string", "minLength": 1, "description": "id, ARN or alias of the KMS key; alias/aws/rds without this"}}}`),
			Permissions:  []string{"rds:DescribeDBInstances"},
			Effect:       action.StateChecked,
			Irreversible: "it changes nothing by itself",
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p encryptParams) ([]action.Resource, error) {
			return findInstance(ctx, cfg, req, instanceParams{p.Instance})
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (storage, error) {
			i, err := describeInstance(ctx, cfg, r.Name)
			now := storage{Encrypted: aws.ToBool(i.StorageEncrypted), cluster: aws.ToString(i.DBClusterIdentifier)}
			if i.DBSubnetGroup != nil {
				now.subnets = aws.ToString(i.DBSubnetGroup.DBSubnetGroupName)
			}
			for _, g := range i.VpcSecurityGroups {
				now.groups = append(now.groups, aws.ToString(g.VpcSecurityGroupId))
			}
			return now, err
		},
		Want: func(r action.Resource, p encryptParams, now storage) (storage, string, error) {
			if now.Encrypted {
				return now, "It is encrypted already.", nil
			}
			key := p.Key
			if key == "" {
				key = "alias/aws/rds"
			}
			return now, "", setting.Escalation(encryptionSteps(r, key, now))
		},
		Steps: func(action.Resource, storage, storage) ([]setting.Step[storage], error) { return nil, nil },
	})
}

// encryptionSteps say how an encrypted instance, or cluster, takes the place of one that isn't.
func encryptionSteps(r action.Resource, key string, now storage) string {
	name, region := r.Name, " --region "+r.Region
	if now.cluster != "" {
		name = now.cluster
		return "It isn't encrypted, nor is its cluster. " + strings.Join([]string{
			"(1) Stop what writes to it.",
			"(2) aws rds create-db-cluster-snapshot --db-cluster-identifier " + name + " --db-cluster-snapshot-identifier " + name + "-plain" + region,
			"(3) aws rds restore-db-cluster-from-snapshot --snapshot-identifier " + name + "-plain --db-cluster-identifier " + name + "-encrypted --kms-key-id " + key +
				" with the engine, subnet group, security groups and parameter group of " + name + region,
			"(4) Create its instances with aws rds create-db-instance, point the clients at it and see that they work.",
			"(5) Delete " + name + " and the snapshot " + name + "-plain.",
		}, " ")
	}
	return "It isn't encrypted, and can't be where it is. " + strings.Join([]string{
		"(1) Stop what writes to it.",
		"(2) aws rds create-db-snapshot --db-instance-identifier " + name + " --db-snapshot-identifier " + name + "-plain" + region,
		"(3) aws rds copy-db-snapshot --source-db-snapshot-identifier " + name + "-plain --target-db-snapshot-identifier " + name + "-encrypted --kms-key-id " + key + region,
		"(4) aws rds restore-db-instance-from-db-snapshot --db-snapshot-identifier " + name + "-encrypted --db-instance-identifier " + name + "-encrypted" +
			" --db-subnet-group-name " + now.subnets + " --vpc-security-group-ids " + strings.Join(now.groups, " ") + region +
			", with its parameter group, Multi-AZ and other settings, which the snapshot doesn't carry.",
		"(5) aws rds modify-db-instance --apply-immediately --db-instance-identifier " + name + " --new-db-instance-identifier " + name + "-plain" + region +
			", and likewise " + name + "-encrypted to " + name + ", so that clients find it by its name.",
		"(6) When all works: delete " + name + "-plain and the snapshot " + name + "-plain.",
	}, " ")
}
