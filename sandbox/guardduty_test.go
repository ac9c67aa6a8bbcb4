package sandbox_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/guardduty/types"

	"riposte.dev/sandbox"
)

func TestGuardDutyFeatures(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := guardduty.NewFromConfig(w.config(w.root, "eu-west-1"))
	made, err := client.CreateDetector(ctx, &guardduty.CreateDetectorInput{Enable: aws.Bool(true), Features: []types.DetectorFeatureConfiguration{
		{Name: types.DetectorFeatureS3DataEvents, Status: types.FeatureStatusDisabled},
	}})
	must(t, err)
	update := func(f types.DetectorFeatureConfiguration) error {
		_, err := client.UpdateDetector(ctx, &guardduty.UpdateDetectorInput{DetectorId: made.DetectorId, Features: []types.DetectorFeatureConfiguration{f}})
		return err
	}
	must(t, update(types.DetectorFeatureConfiguration{
		Name: types.DetectorFeatureRuntimeMonitoring, Status: types.FeatureStatusEnabled, AdditionalConfiguration: []types.DetectorAdditionalConfiguration{
			{Name: types.FeatureAdditionalConfigurationEc2AgentManagement, Status: types.FeatureStatusEnabled},
		},
	}))
	wantCode(t, update(types.DetectorFeatureConfiguration{Name: types.DetectorFeatureEksRuntimeMonitoring, Status: types.FeatureStatusEnabled}), "BadRequestException")
	wantCode(t, update(types.DetectorFeatureConfiguration{
		Name: types.DetectorFeatureRdsLoginEvents, Status: types.FeatureStatusEnabled, AdditionalConfiguration: []types.DetectorAdditionalConfiguration{
			{Name: types.FeatureAdditionalConfigurationEc2AgentManagement, Status: types.FeatureStatusEnabled},
		},
	}), "BadRequestException")
	out, err := client.GetDetector(ctx, &guardduty.GetDetectorInput{DetectorId: made.DetectorId})
	must(t, err)
	on, with := map[types.DetectorFeatureResult]types.FeatureStatus{}, 0
	for _, f := range out.Features {
		on[f.Name] = f.Status
		for _, a := range f.AdditionalConfiguration {
			if a.Status == types.FeatureStatusEnabled {
				with++
			}
		}
	}
	if len(on) != 10 || on["S3_DATA_EVENTS"] != "DISABLED" || on["RUNTIME_MONITORING"] != "ENABLED" || on["DNS_LOGS"] != "ENABLED" || on["EKS_RUNTIME_MONITORING"] != "DISABLED" || with != 1 {
		t.Errorf("the features are %v, with %d more", on, with)
	}
}

// The form that GuardDuty took before features were called so changes the same.
//
//nolint:staticcheck // the SDK calls it deprecated; GuardDuty takes it
func TestGuardDutyDataSources(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := guardduty.NewFromConfig(w.config(w.root, "eu-west-1"))
	made, err := client.CreateDetector(ctx, &guardduty.CreateDetectorInput{Enable: aws.Bool(true), DataSources: &types.DataSourceConfigurations{
		S3Logs: &types.S3LogsConfiguration{Enable: aws.Bool(false)},
	}})
	must(t, err)
	volumes := &types.DataSourceConfigurations{MalwareProtection: &types.MalwareProtectionConfiguration{
		ScanEc2InstanceWithFindings: &types.ScanEc2InstanceWithFindings{EbsVolumes: aws.Bool(false)},
	}}
	_, err = client.UpdateDetector(ctx, &guardduty.UpdateDetectorInput{DetectorId: made.DetectorId, DataSources: volumes})
	must(t, err)
	out, err := client.GetDetector(ctx, &guardduty.GetDetectorInput{DetectorId: made.DetectorId})
	must(t, err)
	s := out.DataSources
	if s.S3Logs.Status != "DISABLED" || s.Kubernetes.AuditLogs.Status != "ENABLED" || s.MalwareProtection.ScanEc2InstanceWithFindings.EbsVolumes.Status != "DISABLED" || s.DNSLogs.Status != "ENABLED" {
		t.Errorf("the data sources are %+v, %+v, %+v", s.S3Logs, s.Kubernetes.AuditLogs, s.MalwareProtection.ScanEc2InstanceWithFindings.EbsVolumes)
	}
	for _, f := range out.Features {
		off := slices.Contains([]types.DetectorFeatureResult{"S3_DATA_EVENTS", "EBS_MALWARE_PROTECTION", "RUNTIME_MONITORING", "EKS_RUNTIME_MONITORING"}, f.Name)
		if off != (f.Status == types.FeatureStatusDisabled) {
			t.Errorf("the feature %s is %s", f.Name, f.Status)
		}
	}
	_, err = client.UpdateDetector(ctx, &guardduty.UpdateDetectorInput{DetectorId: made.DetectorId, DataSources: volumes, Features: []types.DetectorFeatureConfiguration{
		{Name: types.DetectorFeatureRdsLoginEvents, Status: types.FeatureStatusEnabled},
	}})
	wantCode(t, err, "BadRequestException")
}

func TestMalwareScans(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := guardduty.NewFromConfig(w.config(w.root, "eu-west-1"))
	one, other := w.launched(t, "eu-west-1", false), w.launched(t, "eu-west-1", false)
	instance := func(id string) string { return "arn:aws:ec2:eu-west-1:" + testAccount + ":instance/" + id }
	scan := func(id string) error {
		_, err := client.StartMalwareScan(ctx, &guardduty.StartMalwareScanInput{ResourceArn: aws.String(instance(id))})
		return err
	}
	wantCode(t, scan(one), "BadRequestException")
	made, err := client.CreateDetector(ctx, &guardduty.CreateDetectorInput{Enable: aws.Bool(true)})
	must(t, err)
	must(t, scan(one))
	wantCode(t, scan(one), "ConflictException")
	must(t, scan(other))
	wantCode(t, scan("i-0123456789abcdef0"), "BadRequestException")
	found := func(filter *types.FilterCriteria, token *string) *guardduty.DescribeMalwareScansOutput {
		out, err := client.DescribeMalwareScans(ctx, &guardduty.DescribeMalwareScansInput{
			DetectorId: made.DetectorId, FilterCriteria: filter, MaxResults: aws.Int32(1), NextToken: token,
		})
		must(t, err)
		return out
	}
	page := found(nil, nil)
	if *page.Scans[0].ResourceDetails.InstanceArn != instance(other) || page.NextToken == nil {
		t.Fatalf("the first page is %+v", page)
	}
	if next := found(nil, page.NextToken); *next.Scans[0].ResourceDetails.InstanceArn != instance(one) || next.NextToken != nil {
		t.Errorf("the next page is %+v", next)
	}
	of := found(&types.FilterCriteria{FilterCriterion: []types.FilterCriterion{
		{CriterionKey: types.CriterionKeyEc2InstanceArn, FilterCondition: &types.FilterCondition{EqualsValue: aws.String(instance(one))}},
	}}, nil)
	if s := of.Scans[0]; len(of.Scans) != 1 || of.NextToken != nil || s.ScanType != types.ScanTypeOnDemand || s.ScanResultDetails.ScanResult != types.ScanResultClean {
		t.Errorf("of one instance there are %+v", of)
	}
}
