package target

// Config is a target of a rule, with EventBridge's names in snake case
// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html). Exactly one of ARN, URL and PhoneNumber
// says where it is. It travels with each delivery, so that a delivery in a queue doesn't change when the rule does.
type Config struct {
	ID          string `yaml:"id" json:"id" conf:"required"` // unique in the rule
	ARN         string `yaml:"arn" json:"arn,omitempty"`
	URL         string `yaml:"url" json:"url,omitempty"`
	Connection  string `yaml:"connection" json:"connection,omitempty"`    // of the URL; defined in the configuration
	PhoneNumber string `yaml:"phone_number" json:"phoneNumber,omitempty"` // E.164, for a text message by SNS
	RoleARN     string `yaml:"role_arn" json:"roleArn,omitempty"`         // assumed for the call

	// At most one of these; without any the target gets the whole event.
	Input            string            `yaml:"input" json:"input,omitempty"` // constant JSON text
	InputPath        string            `yaml:"input_path" json:"inputPath,omitempty"`
	InputTransformer *InputTransformer `yaml:"input_transformer" json:"inputTransformer,omitempty"`

	RetryPolicy      *RetryPolicy      `yaml:"retry_policy" json:"retryPolicy,omitempty"`
	DeadLetterConfig *DeadLetterConfig `yaml:"dead_letter_config" json:"deadLetterConfig,omitempty"`

	SQSParameters        *SQSParameters        `yaml:"sqs_parameters" json:"sqsParameters,omitempty"`
	KinesisParameters    *KinesisParameters    `yaml:"kinesis_parameters" json:"kinesisParameters,omitempty"`
	RunCommandParameters *RunCommandParameters `yaml:"run_command_parameters" json:"runCommandParameters,omitempty"`
	ECSParameters        *ECSParameters        `yaml:"ecs_parameters" json:"ecsParameters,omitempty"`
	HTTPParameters       *HTTPParameters       `yaml:"http_parameters" json:"httpParameters,omitempty"`
}

// WholeEvent reports that the target says nothing of its input.
func (c *Config) WholeEvent() bool {
	return c.Input == "" && c.InputPath == "" && c.InputTransformer == nil
}

// InputTransformer builds a target's input from values of the event
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html).
type InputTransformer struct {
	InputPathsMap map[string]string `yaml:"input_paths_map" json:"inputPathsMap,omitempty"`
	InputTemplate string            `yaml:"input_template" json:"inputTemplate" conf:"required"`
}

// RetryPolicy bounds how long a delivery is tried; it ends with whichever comes first.
type RetryPolicy struct {
	MaximumEventAgeInSeconds *int `yaml:"maximum_event_age_in_seconds" json:"maximumEventAgeInSeconds,omitempty"` // 60 to 86,400; default 86,400
	MaximumRetryAttempts     *int `yaml:"maximum_retry_attempts" json:"maximumRetryAttempts,omitempty"`           // 0 to 185; default 185
}

// DeadLetterConfig names the SQS queue that gets what could not be delivered.
type DeadLetterConfig struct {
	ARN string `yaml:"arn" json:"arn" conf:"required"`
}

// SQSParameters are for FIFO queues.
type SQSParameters struct {
	MessageGroupID string `yaml:"message_group_id" json:"messageGroupId" conf:"required"`
}

// KinesisParameters choose a record's shard; without them the event's id does.
type KinesisParameters struct {
	PartitionKeyPath string `yaml:"partition_key_path" json:"partitionKeyPath" conf:"required"` // of the event
}

// RunCommandParameters choose the machines that a Systems Manager document runs on.
type RunCommandParameters struct {
	RunCommandTargets []RunCommandTarget `yaml:"run_command_targets" json:"runCommandTargets" conf:"required"`
}

// RunCommandTarget selects machines: "InstanceIds", or "tag:" and the key of a tag, with the values.
type RunCommandTarget struct {
	Key    string   `yaml:"key" json:"key" conf:"required"`
	Values []string `yaml:"values" json:"values" conf:"required"`
}

// ECSParameters say what an ECS cluster runs.
type ECSParameters struct {
	TaskDefinitionARN        string                `yaml:"task_definition_arn" json:"taskDefinitionArn" conf:"required"`
	TaskCount                int                   `yaml:"task_count" json:"taskCount,omitempty"`   // default 1
	LaunchType               string                `yaml:"launch_type" json:"launchType,omitempty"` // EC2, FARGATE, EXTERNAL
	CapacityProviderStrategy []CapacityProvider    `yaml:"capacity_provider_strategy" json:"capacityProviderStrategy,omitempty"`
	NetworkConfiguration     *NetworkConfiguration `yaml:"network_configuration" json:"networkConfiguration,omitempty"`
	PlatformVersion          string                `yaml:"platform_version" json:"platformVersion,omitempty"`
	Group                    string                `yaml:"group" json:"group,omitempty"`
	EnableECSManagedTags     bool                  `yaml:"enable_ecs_managed_tags" json:"enableEcsManagedTags,omitempty"`
	EnableExecuteCommand     bool                  `yaml:"enable_execute_command" json:"enableExecuteCommand,omitempty"`
	PropagateTags            string                `yaml:"propagate_tags" json:"propagateTags,omitempty"` // TASK_DEFINITION
	ReferenceID              string                `yaml:"reference_id" json:"referenceId,omitempty"`
	Tags                     map[string]string     `yaml:"tags" json:"tags,omitempty"`
}

// CapacityProvider is one part of a capacity provider strategy.
type CapacityProvider struct {
	CapacityProvider string `yaml:"capacity_provider" json:"capacityProvider" conf:"required"`
	Weight           int32  `yaml:"weight" json:"weight,omitempty"`
	Base             int32  `yaml:"base" json:"base,omitempty"`
}

// NetworkConfiguration is for tasks with a network interface of their own.
type NetworkConfiguration struct {
	AWSVPCConfiguration AWSVPCConfiguration `yaml:"awsvpc_configuration" json:"awsvpcConfiguration" conf:"required"`
}

// AWSVPCConfiguration places the network interface of a task.
type AWSVPCConfiguration struct {
	Subnets        []string `yaml:"subnets" json:"subnets" conf:"required"`
	SecurityGroups []string `yaml:"security_groups" json:"securityGroups,omitempty"`
	AssignPublicIP string   `yaml:"assign_public_ip" json:"assignPublicIp,omitempty"` // ENABLED or DISABLED
}

// HTTPParameters add to the request of a target with a URL. A value that begins with "$." is taken from the event.
type HTTPParameters struct {
	PathParameterValues   []string          `yaml:"path_parameter_values" json:"pathParameterValues,omitempty"` // for the URL's asterisks, in order
	HeaderParameters      map[string]string `yaml:"header_parameters" json:"headerParameters,omitempty"`
	QueryStringParameters map[string]string `yaml:"query_string_parameters" json:"queryStringParameters,omitempty"`
}
