package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"riposte.dev/sandbox"
)

func TestECR(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := ecr.NewFromConfig(w.config(w.root, "eu-west-1"))
	create := func(name string) error {
		_, err := client.CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: &name})
		return err
	}
	must(t, create("shop/cart"))
	wantCode(t, create("shop/cart"), "RepositoryAlreadyExistsException")
	if got := w.cli("eu-west-1", "ecr", "create-repository", "--repository-name", "shop/checkout", "--query", "repository.repositoryUri", "--output", "text"); got != "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout" {
		t.Errorf("its address is %q", got)
	}
	_, err := client.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"none"}})
	wantCode(t, err, "RepositoryNotFoundException")
	var names []string
	for pages := ecr.NewDescribeRepositoriesPaginator(client, &ecr.DescribeRepositoriesInput{MaxResults: aws.Int32(1)}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		must(t, err)
		names = append(names, *page.Repositories[0].RepositoryName)
	}
	if len(names) != 2 || names[1] != "shop/checkout" {
		t.Errorf("the pages have %v", names)
	}

	cart := aws.String("shop/cart")
	_, err = client.GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: cart})
	wantCode(t, err, "RepositoryPolicyNotFoundException")
	set := func(text string) error {
		_, err := client.SetRepositoryPolicy(ctx, &ecr.SetRepositoryPolicyInput{RepositoryName: cart, PolicyText: &text})
		return err
	}
	wantCode(t, set("{}"), "InvalidParameterException")
	must(t, set(`{"Statement":[{"Effect":"Deny","Principal":"*","Action":"ecr:DeleteRepository"}]}`))
	remove := func() error {
		_, err := client.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: cart})
		return err
	}
	wantCode(t, remove(), "AccessDeniedException")
	_, err = client.DeleteRepositoryPolicy(ctx, &ecr.DeleteRepositoryPolicyInput{RepositoryName: cart})
	must(t, err)
	must(t, remove())
	wantCode(t, remove(), "RepositoryNotFoundException")
}

func TestECRScanning(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := ecr.NewFromConfig(w.config(w.root, "eu-west-1"))
	name := "shop/cart"
	_, err := client.CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: &name})
	must(t, err)
	want := func(frequency types.ScanFrequency) {
		t.Helper()
		out, err := client.BatchGetRepositoryScanningConfiguration(ctx, &ecr.BatchGetRepositoryScanningConfigurationInput{RepositoryNames: []string{name, "none"}})
		must(t, err)
		if len(out.Failures) != 1 || out.Failures[0].FailureCode != "REPOSITORY_NOT_FOUND" || out.ScanningConfigurations[0].ScanFrequency != frequency {
			t.Errorf("%+v, want %s and one failure", out, frequency)
		}
	}
	want(types.ScanFrequencyManual)
	_, err = client.PutImageScanningConfiguration(ctx, &ecr.PutImageScanningConfigurationInput{
		RepositoryName: &name, ImageScanningConfiguration: &types.ImageScanningConfiguration{ScanOnPush: true},
	})
	must(t, err)
	want(types.ScanFrequencyScanOnPush)
	for filter, frequency := range map[string]types.ScanFrequency{
		"cart": types.ScanFrequencyContinuousScan, "shop/*": types.ScanFrequencyContinuousScan, "*/shop": types.ScanFrequencyManual,
	} {
		_, err = client.PutRegistryScanningConfiguration(ctx, &ecr.PutRegistryScanningConfigurationInput{
			ScanType: types.ScanTypeEnhanced, Rules: []types.RegistryScanningRule{{
				ScanFrequency: types.ScanFrequencyContinuousScan, RepositoryFilters: []types.ScanningRepositoryFilter{{Filter: &filter, FilterType: types.ScanningRepositoryFilterTypeWildcard}},
			}},
		})
		must(t, err)
		want(frequency)
	}
}
