package opensearch

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/opensearch/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// encryption is whether a domain encrypts: what it stores, or what its nodes say to each other.
type encryption struct {
	Encrypted bool `json:"encrypted"`
	Active    bool `json:"active"` // not only asked for

	engine string
}

// migration is for how long a domain may move to other nodes, in seconds.
const migration = 6 * 60 * 60

// NewEncryptAtRest returns the action opensearch.encrypt-at-rest.
func NewEncryptAtRest(caller *awscall.Caller) action.Action {
	return encrypt(caller, action.Spec{
		Name:  "opensearch.encrypt-at-rest",
		Title: "Encrypt what a domain stores",
		Description: "Has a domain encrypt indexes, logs, swap files and automated snapshots by the account's key `aws/es`. OpenSearch Service moves everything to " +
			"new nodes for that; the domain goes on, under more load and for as long as an hour or some. Manual snapshots in S3 stay as they are.",
		Permissions: append([]string{"kms:DescribeKey"}, permissions...),
	}, "EncryptionAtRestOptions", "It stores everything unencrypted.", func(c *types.DomainConfig) (*bool, *types.OptionStatus) {
		if o := c.EncryptionAtRestOptions; o != nil && o.Options != nil {
			return o.Options.Enabled, o.Status
		}
		return nil, nil
	})
}

// NewEncryptBetweenNodes returns the action opensearch.encrypt-between-nodes.
func NewEncryptBetweenNodes(caller *awscall.Caller) action.Action {
	return encrypt(caller, action.Spec{
		Name:  "opensearch.encrypt-between-nodes",
		Title: "Encrypt what a domain's nodes say to each other",
		Description: "Has the nodes of a domain speak TLS with each other. OpenSearch Service moves everything to new nodes for that; the domain goes on, under " +
			"more load and for as long as an hour or some.",
		Permissions: permissions,
	}, "NodeToNodeEncryptionOptions", "Its nodes send each other everything unencrypted.", func(c *types.DomainConfig) (*bool, *types.OptionStatus) {
		if o := c.NodeToNodeEncryptionOptions; o != nil && o.Options != nil {
			return o.Options.Enabled, o.Status
		}
		return nil, nil
	})
}

// encrypt returns the action that switches a member of the configuration on.
func encrypt(caller *awscall.Caller, spec action.Spec, member, why string, read func(*types.DomainConfig) (*bool, *types.OptionStatus)) action.Action {
	spec.Parameters, spec.Effect, spec.TakesSeconds = json.RawMessage(domainSchema), action.StateChecked, migration
	spec.Irreversible = "OpenSearch Service lets nobody switch this encryption off"
	return setting.New(caller, setting.Setting[domainParams, encryption]{
		Spec: spec, Find: findDomain, Leave: changing, Service: prefix,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (encryption, error) {
			c, err := configOf(ctx, cfg, r)
			if err != nil {
				return encryption{}, err
			}
			on, status := read(c)
			now := encryption{Encrypted: aws.ToBool(on), Active: active(status)}
			if c.EngineVersion != nil {
				now.engine = aws.ToString(c.EngineVersion.Options)
			}
			return now, nil
		},
		Want: func(_ action.Resource, _ domainParams, now encryption) (encryption, string, error) {
			switch {
			case now.Encrypted:
				return now, "It is encrypted already.", nil
			case tooOld(now.engine):
				return now, "", setting.Escalation(why + " " + strings.Replace(now.engine, "_", " ", 1) + " can't be encrypted in place: upgrade it to 6.7 or later first, or make an " +
					"encrypted domain from a snapshot.")
			}
			return encryption{Encrypted: true, Active: true}, why, nil
		},
		Steps: func(r action.Resource, _, to encryption) ([]setting.Step[encryption], error) {
			return update(r, member, map[string]any{"Enabled": to.Encrypted}, to)
		},
		Operations: operations,
	})
}

// tooOld reports whether the engine is an Elasticsearch before 6.7, which can only be encrypted from its beginning
// (https://docs.aws.amazon.com/opensearch-service/latest/developerguide/encryption-at-rest.html).
func tooOld(engine string) bool {
	var major, minor int
	n, err := fmt.Sscanf(engine, "Elasticsearch_%d.%d", &major, &minor)
	return err == nil && n == 2 && (major < 6 || major == 6 && minor < 7)
}
