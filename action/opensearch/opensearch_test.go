package opensearch_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/opensearch"
	"github.com/aws/aws-sdk-go-v2/service/opensearch/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/opensearch"
	"riposte.dev/fault"
)

const (
	group  = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/opensearch/search"
	own    = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"es:*","Resource":"*"}`
	public = `{"Sid":"Everybody","Effect":"Allow","Principal":{"AWS":"*"},"Action":"es:ESHttpGet","Resource":"*"}`
)

func policy(statements string) *string {
	return aws.String(`{"Version":"2012-10-17","Statement":[` + statements + `]}`)
}

// cloud is a sandbox with a domain that needs all of the actions.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	c.create("search", func(in *sdk.CreateDomainInput) { in.AccessPolicies = policy(own + "," + public) })
	return c
}

func (c cloud) create(name string, change func(*sdk.CreateDomainInput)) {
	c.T.Helper()
	in := &sdk.CreateDomainInput{DomainName: &name, TagList: []types.Tag{{Key: aws.String("team"), Value: aws.String("payments")}}}
	change(in)
	_, err := c.client.CreateDomain(c.T.Context(), in)
	c.Must(err)
}

// guarded makes a domain with fine-grained access control.
func (c cloud) guarded() {
	c.create("other", func(in *sdk.CreateDomainInput) {
		in.AccessPolicies = policy(public)
		in.AdvancedSecurityOptions = &types.AdvancedSecurityOptionsInput{Enabled: aws.Bool(true)}
	})
}

func (c cloud) update(in sdk.UpdateDomainConfigInput) {
	c.T.Helper()
	in.DomainName = aws.String("search")
	_, err := c.client.UpdateDomainConfig(c.T.Context(), &in)
	c.Must(err)
}

func logs(kind types.LogType, group string) map[string]types.LogPublishingOption {
	return map[string]types.LogPublishingOption{string(kind): {CloudWatchLogsLogGroupArn: &group, Enabled: aws.Bool(true)}}
}

// state is all that the undo of any of the actions must restore.
func (c cloud) state() string {
	c.T.Helper()
	out, err := c.client.DescribeDomain(c.T.Context(), &sdk.DescribeDomainInput{DomainName: aws.String("search")})
	c.Must(err)
	d := out.DomainStatus
	published := map[string]string{}
	for kind, log := range d.LogPublishingOptions {
		if *log.Enabled {
			published[kind] = *log.CloudWatchLogsLogGroupArn
		}
	}
	return fmt.Sprint(*d.EncryptionAtRestOptions.Enabled, *d.NodeToNodeEncryptionOptions.Enabled, *d.ServiceSoftwareOptions.CurrentVersion,
		*d.DomainEndpointOptions.EnforceHTTPS, d.DomainEndpointOptions.TLSSecurityPolicy, published, *d.AccessPolicies)
}

const (
	ofSearch = `{"domain":"search"}`
	ofOther  = `{"domain":"other"}`
	toGroup  = `{"domain":"arn:aws:es:eu-west-1:111122223333:domain/search","log_group":"` + group + `"}`
)

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name, params, missing string
		newAction             actiontest.NewAction
		interfere             func(cloud)
	}{
		{"TLS", ofSearch, `{"domain":"none"}`, opensearch.NewRequireTLS, func(c cloud) {
			c.update(sdk.UpdateDomainConfigInput{DomainEndpointOptions: &types.DomainEndpointOptions{TLSSecurityPolicy: types.TLSSecurityPolicyPolicyMinTls12201907}})
		}},
		{"logs", toGroup, `{"domain":"none","log_group":"` + group + `"}`, opensearch.NewPublishLogs, func(c cloud) {
			c.update(sdk.UpdateDomainConfigInput{LogPublishingOptions: logs(types.LogTypeIndexSlowLogs, group)})
		}},
		{"encryption at rest", ofSearch, `{"domain":"none"}`, opensearch.NewEncryptAtRest, nil},
		{"encryption between nodes", ofSearch, `{"domain":"none"}`, opensearch.NewEncryptBetweenNodes, nil},
		{"software", ofSearch, `{"domain":"none"}`, opensearch.NewUpdateSoftware, nil},
		{"policy", ofSearch, `{"domain":"none"}`, opensearch.NewRemovePublicStatements, func(c cloud) {
			c.update(sdk.UpdateDomainConfigInput{AccessPolicies: policy(own + "," + own)})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				w := c.World(tt.newAction, tt.params, tt.missing, c.state)
				w.Interfere = actiontest.On(c, tt.interfere)
				return w
			})
		})
	}
}

func TestWhatIsLeft(t *testing.T) {
	endpoint := func(https bool, policy types.TLSSecurityPolicy) func(cloud) {
		return func(c cloud) {
			c.update(sdk.UpdateDomainConfigInput{DomainEndpointOptions: &types.DomainEndpointOptions{EnforceHTTPS: &https, TLSSecurityPolicy: policy}})
		}
	}
	for _, tt := range []struct {
		name, params string
		newAction    actiontest.NewAction
		spoil        func(cloud)
		status       action.Status
		says         string
	}{
		{"recent TLS", ofSearch, opensearch.NewRequireTLS, endpoint(true, types.TLSSecurityPolicyPolicyMinTls12Pfs202310), action.Unneeded, "already"},
		{"FIPS", ofSearch, opensearch.NewRequireTLS, endpoint(true, types.TLSSecurityPolicyPolicyMinTls12Rfc9151Fips202408), action.Unneeded, "already"},
		{"old TLS", ofSearch, opensearch.NewRequireTLS, endpoint(true, types.TLSSecurityPolicyPolicyMinTls12201907), action.Change, "old TLS"},
		{"logs elsewhere", toGroup, opensearch.NewPublishLogs, func(c cloud) {
			c.update(sdk.UpdateDomainConfigInput{LogPublishingOptions: logs(types.LogTypeEsApplicationLogs, group+"-other")})
		}, action.Unneeded, "already"},
		{"audit without access control", `{"domain":"search","log_group":"` + group + `","logs":["error","audit"]}`, opensearch.NewPublishLogs, func(cloud) {}, action.Escalated, "fine-grained"},
		{"audit with access control", `{"domain":"other","log_group":"` + group + `","logs":["error","audit"]}`, opensearch.NewPublishLogs, cloud.guarded, action.Change, "audit and error"},
		{"encrypted", ofSearch, opensearch.NewEncryptAtRest, func(c cloud) {
			c.update(sdk.UpdateDomainConfigInput{EncryptionAtRestOptions: &types.EncryptionAtRestOptions{Enabled: aws.Bool(true)}})
		}, action.Unneeded, "already"},
		{"encrypted nodes", ofSearch, opensearch.NewEncryptBetweenNodes, func(c cloud) {
			c.update(sdk.UpdateDomainConfigInput{NodeToNodeEncryptionOptions: &types.NodeToNodeEncryptionOptions{Enabled: aws.Bool(true)}})
		}, action.Unneeded, "already"},
		{"an old engine", ofOther, opensearch.NewEncryptBetweenNodes, func(c cloud) {
			c.create("other", func(in *sdk.CreateDomainInput) { in.EngineVersion = aws.String("Elasticsearch_6.5") })
		}, action.Escalated, "Elasticsearch 6.5 can't be encrypted in place"},
		{"an engine that is just new enough", ofOther, opensearch.NewEncryptAtRest, func(c cloud) {
			c.create("other", func(in *sdk.CreateDomainInput) { in.EngineVersion = aws.String("Elasticsearch_6.7") })
		}, action.Change, "unencrypted"},
		{"new software", ofSearch, opensearch.NewUpdateSoftware, func(c cloud) {
			_, err := c.client.StartServiceSoftwareUpdate(c.T.Context(), &sdk.StartServiceSoftwareUpdateInput{DomainName: aws.String("search")})
			c.Must(err)
		}, action.Unneeded, "No update"},
		{"a policy for some", ofSearch, opensearch.NewRemovePublicStatements, func(c cloud) {
			c.update(sdk.UpdateDomainConfigInput{AccessPolicies: policy(own)})
		}, action.Unneeded, "No statement"},
		{"in a VPC", ofOther, opensearch.NewRemovePublicStatements, func(c cloud) {
			c.create("other", func(in *sdk.CreateDomainInput) {
				in.AccessPolicies, in.VPCOptions = policy(public), &types.VPCOptions{SubnetIds: []string{"subnet-1"}}
			})
		}, action.Escalated, "security groups"},
		{"with access control", ofOther, opensearch.NewRemovePublicStatements, cloud.guarded, action.Escalated, "sign in"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.spoil(c)
			item := c.Plan(tt.newAction, tt.params)
			actiontest.Want(t, item, tt.status, tt.says)
			if item.Resource.Tags["team"] != "payments" {
				t.Errorf("%+v, want its tags", item.Resource)
			}
		})
	}
}

func TestAPolicyThatIsPublicOnlyIsTakenAway(t *testing.T) {
	c := newCloud(t)
	c.update(sdk.UpdateDomainConfigInput{AccessPolicies: policy(public)})
	before := c.state()
	a := c.Action(opensearch.NewRemovePublicStatements)
	item := c.Item(a, actiontest.Request(ofSearch))
	c.Do(a, item)
	actiontest.Want(t, c.Item(a, actiontest.Request(ofSearch)), action.Unneeded, "no policy")
	c.Do(a, c.Undo(a, item))
	if c.state() != before {
		t.Errorf("the undo left\n%s\nwant\n%s", c.state(), before)
	}
}

func TestWrongLogs(t *testing.T) {
	c := newCloud(t)
	a := c.Action(opensearch.NewPublishLogs)
	for _, params := range []string{`{"domain":"search","log_group":"mine"}`, `{"domain":"search","log_group":"` + group + `","logs":["slow"]}`} {
		if _, err := a.Plan(t.Context(), actiontest.Request(params)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want invalid and a hint", params, err)
		}
	}
}
