package responses

import (
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/guardduty/types"

	"riposte.dev/test/stage"
)

// detector is the id of GuardDuty's, which is made where there is none.
func (e *engine) detector() (string, error) {
	client := guardduty.NewFromConfig(e.admin)
	there, err := client.ListDetectors(e.ctx, &guardduty.ListDetectorsInput{})
	if err != nil {
		return "", err
	}
	if len(there.DetectorIds) > 0 {
		return there.DetectorIds[0], nil
	}
	made, err := client.CreateDetector(e.ctx, &guardduty.CreateDetectorInput{Enable: aws.Bool(true)})
	if err != nil {
		return "", err
	}
	return *made.DetectorId, nil
}

// protection is the story of a protection plan that an update turns off.
func protection(mentions string, of types.DetectorFeatureResult, update guardduty.UpdateDetectorInput) story {
	return story{rule: "guardduty-feature-disabled", playbook: "turn-on-detector", calls: []string{"guardduty:UpdateDetector"}, right: "ENABLED", stage: func(e *engine) (scene, error) {
		client := guardduty.NewFromConfig(e.admin)
		id, err := e.detector()
		return scene{mentions, func() error {
			in := update
			in.DetectorId = &id
			_, err := client.UpdateDetector(e.ctx, &in)
			return err
		}, func() (string, error) {
			out, err := client.GetDetector(e.ctx, &guardduty.GetDetectorInput{DetectorId: &id})
			if err != nil {
				return "", err
			}
			i := slices.IndexFunc(out.Features, func(f types.DetectorFeatureConfigurationResult) bool { return f.Name == of })
			return string(out.Features[i].Status), nil
		}}, err
	}}
}

// detectors are the stories of GuardDuty.
//
//nolint:staticcheck // the SDK calls data sources deprecated; GuardDuty takes them
var detectors = []story{
	{rule: "guardduty-disabled", playbook: "turn-on-detector", calls: []string{"guardduty:CreateDetector"}, right: "1 detectors", stage: func(e *engine) (scene, error) {
		client := guardduty.NewFromConfig(e.admin)
		id, err := e.detector()
		return scene{stage.Region, func() error {
			_, err := client.DeleteDetector(e.ctx, &guardduty.DeleteDetectorInput{DetectorId: &id})
			return err
		}, func() (string, error) {
			out, err := client.ListDetectors(e.ctx, &guardduty.ListDetectorsInput{})
			if err != nil {
				return "", err
			}
			return strconv.Itoa(len(out.DetectorIds)) + " detectors", nil
		}}, err
	}},
	protection(`"DISABLED"`, types.DetectorFeatureResultS3DataEvents, guardduty.UpdateDetectorInput{Features: []types.DetectorFeatureConfiguration{
		{Name: types.DetectorFeatureS3DataEvents, Status: types.FeatureStatusDisabled},
		{Name: types.DetectorFeatureEksRuntimeMonitoring, Status: types.FeatureStatusDisabled},
	}}),
	protection("false", types.DetectorFeatureResultEksAuditLogs, guardduty.UpdateDetectorInput{DataSources: &types.DataSourceConfigurations{
		Kubernetes: &types.KubernetesConfiguration{AuditLogs: &types.KubernetesAuditLogsConfiguration{Enable: aws.Bool(false)}},
	}}),
}
