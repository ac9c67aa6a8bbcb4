package asl

import "riposte.dev/conf"

// The fields of a Map state; see fields.go.
type (
	mapFields struct {
		commonFields
		nextFields
		ioFields
		assignFields
		resultFields
		ResultSelector                 *conf.Node     `yaml:"ResultSelector"`
		Items                          *conf.Node     `yaml:"Items"`
		ItemsPath                      *Path          `yaml:"ItemsPath"`
		ItemSelector                   *conf.Node     `yaml:"ItemSelector"`
		ItemProcessor                  *conf.Node     `yaml:"ItemProcessor"`
		Iterator                       *conf.Node     `yaml:"Iterator"`
		ItemReader                     *readerFields  `yaml:"ItemReader"`
		ItemBatcher                    *batcherFields `yaml:"ItemBatcher"`
		ResultWriter                   *writerFields  `yaml:"ResultWriter"`
		Label                          string         `yaml:"Label"`
		MaxConcurrency                 quantity       `yaml:"MaxConcurrency"`
		MaxConcurrencyPath             *Path          `yaml:"MaxConcurrencyPath"`
		ToleratedFailureCount          quantity       `yaml:"ToleratedFailureCount"`
		ToleratedFailureCountPath      *Path          `yaml:"ToleratedFailureCountPath"`
		ToleratedFailurePercentage     quantity       `yaml:"ToleratedFailurePercentage"`
		ToleratedFailurePercentagePath *Path          `yaml:"ToleratedFailurePercentagePath"`
		failureFields
	}
	readerFields struct {
		Resource     string     `yaml:"Resource" conf:"required"`
		Parameters   *conf.Node `yaml:"Parameters"`
		Arguments    *conf.Node `yaml:"Arguments"`
		ReaderConfig struct {
			InputType         string   `yaml:"InputType"`
			CSVHeaderLocation string   `yaml:"CSVHeaderLocation"`
			CSVHeaders        []string `yaml:"CSVHeaders"`
			CSVDelimiter      string   `yaml:"CSVDelimiter"`
			MaxItems          quantity `yaml:"MaxItems"`
			MaxItemsPath      *Path    `yaml:"MaxItemsPath"`
		} `yaml:"ReaderConfig"`
	}
	batcherFields struct {
		MaxItemsPerBatch          quantity   `yaml:"MaxItemsPerBatch"`
		MaxItemsPerBatchPath      *Path      `yaml:"MaxItemsPerBatchPath"`
		MaxInputBytesPerBatch     quantity   `yaml:"MaxInputBytesPerBatch"`
		MaxInputBytesPerBatchPath *Path      `yaml:"MaxInputBytesPerBatchPath"`
		BatchInput                *conf.Node `yaml:"BatchInput"`
	}
	writerFields struct {
		Resource     string             `yaml:"Resource"`
		Parameters   *conf.Node         `yaml:"Parameters"`
		Arguments    *conf.Node         `yaml:"Arguments"`
		WriterConfig writerConfigFields `yaml:"WriterConfig"`
	}
	writerConfigFields struct {
		Transformation string `yaml:"Transformation"`
		OutputType     string `yaml:"OutputType"`
	}
	passFields struct {
		commonFields
		nextFields
		ioFields
		assignFields
		resultFields
		Result *conf.Node `yaml:"Result"`
	}
	waitFields struct {
		commonFields
		nextFields
		ioFields
		assignFields
		Seconds       seconds `yaml:"Seconds"`
		SecondsPath   *Path   `yaml:"SecondsPath"`
		Timestamp     moment  `yaml:"Timestamp"`
		TimestampPath *Path   `yaml:"TimestampPath"`
	}
	choiceFields struct {
		commonFields
		ioFields
		assignFields
		Choices *conf.Node `yaml:"Choices" conf:"required"`
		Default string     `yaml:"Default"`
	}
	succeedFields struct {
		commonFields
		ioFields
		Output *conf.Node `yaml:"Output"`
	}
	failFields struct {
		commonFields
		Error     *conf.Node      `yaml:"Error"`
		ErrorPath expressionField `yaml:"ErrorPath"`
		Cause     *conf.Node      `yaml:"Cause"`
		CausePath expressionField `yaml:"CausePath"`
	}
)
