//go:build tools

// Package modules names well-known projects whose module graph, as `go mod tidy` writes it, has 60 modules.
package modules

import (
	_ "github.com/gin-gonic/gin"
	_ "github.com/go-chi/chi/v5"
	_ "github.com/google/uuid"
	_ "github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/spf13/cobra"
	_ "github.com/spf13/viper"
	_ "github.com/stretchr/testify/assert"
	_ "go.uber.org/zap"
	_ "google.golang.org/grpc"
)
