package ecr

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// scanning is how the images of a repository are looked through: by its own setting, or by the registry's rules.
type scanning struct {
	OnPush    bool                `json:"scan_on_push"`
	Frequency types.ScanFrequency `json:"scan_frequency"` // that holds in the end

	enhanced bool // Amazon Inspector scans the registry, by rules of the registry only
}

// NewEnableScanOnPush returns the action ecr.enable-scan-on-push.
func NewEnableScanOnPush(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[repositoryParams, scanning]{
		Spec: action.Spec{
			Name:  "ecr.enable-scan-on-push",
			Title: "Scan images when they are pushed",
			Description: "Has ECR look through each image of a repository for known vulnerabilities when it is pushed. Images that are there already are " +
				"not looked through by that. Where the registry's own rules scan the repository nothing is needed; where the registry has enhanced " +
				"scanning and no rule for the repository it is left to people.",
			Parameters: json.RawMessage(repositorySchema),
			Permissions: append([]string{
				"ecr:BatchGetRepositoryScanningConfiguration", "ecr:GetRegistryScanningConfiguration", "ecr:PutImageScanningConfiguration",
			}, findPermissions...),
			Effect: action.StateChecked,
		},
		Find: findRepository, Read: readScanning,
		Want: func(r action.Resource, _ repositoryParams, now scanning) (scanning, string, error) {
			switch {
			case now.Frequency != types.ScanFrequencyManual:
				return now, "Its images are scanned already (" + string(now.Frequency) + ").", nil
			case now.enhanced:
				return now, "", setting.Escalation("Amazon Inspector scans this registry by the registry's rules, and none of them is for " + r.Name + ": add one.")
			}
			return scanning{OnPush: true, Frequency: types.ScanFrequencyScanOnPush}, "Nobody looks through its images for vulnerabilities.", nil
		},
		Steps: func(r action.Resource, _, to scanning) ([]setting.Step[scanning], error) {
			input := map[string]any{
				"RepositoryName": r.Name, "RegistryId": r.Account, "ImageScanningConfiguration": map[string]any{"ScanOnPush": to.OnPush},
			}
			return []setting.Step[scanning]{{Operation: "PutImageScanningConfiguration", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"PutImageScanningConfiguration": setting.Op(ecr.NewFromConfig, (*ecr.Client).PutImageScanningConfiguration),
		},
	})
}

func readScanning(ctx context.Context, cfg aws.Config, r action.Resource) (scanning, error) {
	client := ecr.NewFromConfig(cfg)
	found, err := describe(ctx, cfg, r.Name)
	if err != nil {
		return scanning{}, err
	}
	now := scanning{Frequency: types.ScanFrequencyManual}
	if found.ImageScanningConfiguration != nil {
		now.OnPush = found.ImageScanningConfiguration.ScanOnPush
	}
	out, err := client.BatchGetRepositoryScanningConfiguration(ctx, &ecr.BatchGetRepositoryScanningConfigurationInput{RepositoryNames: []string{r.Name}})
	if err != nil {
		return now, awscall.Fault(err, "ecr:BatchGetRepositoryScanningConfiguration", "see how the repository %s is scanned", r.Name)
	}
	for _, c := range out.ScanningConfigurations {
		if aws.ToString(c.RepositoryName) == r.Name && c.ScanFrequency != "" {
			now.Frequency = c.ScanFrequency
		}
	}
	registry, err := client.GetRegistryScanningConfiguration(ctx, &ecr.GetRegistryScanningConfigurationInput{})
	if err != nil {
		return now, awscall.Fault(err, "ecr:GetRegistryScanningConfiguration", "see how the registry is scanned")
	}
	now.enhanced = registry.ScanningConfiguration != nil && registry.ScanningConfiguration.ScanType == types.ScanTypeEnhanced
	return now, nil
}
