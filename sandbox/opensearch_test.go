package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	"github.com/aws/aws-sdk-go-v2/service/opensearch/types"

	"riposte.dev/sandbox"
)

func TestOpenSearch(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client, name := opensearch.NewFromConfig(w.config(w.root, "eu-west-1")), aws.String("search")
	create := func() error {
		_, err := client.CreateDomain(ctx, &opensearch.CreateDomainInput{DomainName: name})
		return err
	}
	must(t, create())
	wantCode(t, create(), "ResourceAlreadyExistsException")
	update := func(in opensearch.UpdateDomainConfigInput) error {
		in.DomainName = name
		_, err := client.UpdateDomainConfig(ctx, &in)
		return err
	}
	logs := func(kind types.LogType, group string) opensearch.UpdateDomainConfigInput {
		return opensearch.UpdateDomainConfigInput{LogPublishingOptions: map[string]types.LogPublishingOption{
			string(kind): {CloudWatchLogsLogGroupArn: &group, Enabled: aws.Bool(true)},
		}}
	}
	const group = "arn:aws:logs:eu-west-1:111122223333:log-group:search"
	wantCode(t, update(logs(types.LogTypeAuditLogs, group)), "ValidationException")
	wantCode(t, update(logs(types.LogTypeEsApplicationLogs, "search")), "ValidationException")
	wantCode(t, update(opensearch.UpdateDomainConfigInput{AccessPolicies: aws.String("{}")}), "ValidationException")
	must(t, update(logs(types.LogTypeEsApplicationLogs, group)))
	must(t, update(logs(types.LogTypeIndexSlowLogs, group)))
	out, err := client.DescribeDomain(ctx, &opensearch.DescribeDomainInput{DomainName: name})
	must(t, err)
	if len(out.DomainStatus.LogPublishingOptions) != 2 {
		t.Errorf("its logs are %v", out.DomainStatus.LogPublishingOptions)
	}
	_, err = client.DescribeDomainConfig(ctx, &opensearch.DescribeDomainConfigInput{DomainName: aws.String("none")})
	wantCode(t, err, "ResourceNotFoundException")
	if got := w.cli("eu-west-1", "opensearch", "update-domain-config", "--domain-name", "search", "--domain-endpoint-options", "EnforceHTTPS=true",
		"--query", "DomainConfig.DomainEndpointOptions.[Options.EnforceHTTPS,Status.State]", "--output", "text"); got != "True\tActive" {
		t.Errorf("its endpoint is %q", got)
	}
}
