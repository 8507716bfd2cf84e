//! The requests of the document, and the texts that every new connection gets.

use std::sync::Arc;

use bellwire::contract::{Caller, Content};
use bellwire::feed::{FeedState, Hours};
use jiff::Timestamp;

use crate::exporter::Exporter;
use crate::generated::types::{
    Broadcasted, ChartUpdate, Picture, PictureTheme, Refresh, RefreshChartType, Saved, Status, StatusFeed,
    Timeframe, Trigger,
};
use crate::generated::{
    ChartUpdatesMessage, ChartUpdatesPublisher, ChartsConnect, ChartsRequests, PictureError,
    RefreshChartError, StatusError, TriggerChartUpdateError,
};
use crate::ingest::IngestStatus;
use crate::render::Theme;

/// Serves the document.
#[derive(Debug, Clone)]
pub(crate) struct ChartsService {
    updates: ChartUpdatesPublisher,
    exporter: Arc<Exporter<Timeframe>>,
    ingest: IngestStatus,
    hours: Hours,
    symbol: String,
}

impl ChartsService {
    pub(crate) fn new(
        updates: ChartUpdatesPublisher,
        exporter: Arc<Exporter<Timeframe>>,
        ingest: IngestStatus,
        hours: Hours,
        symbol: String,
    ) -> Self {
        Self { updates, exporter, ingest, hours, symbol }
    }

    /// Tells every connection; says how many there are.
    fn broadcast(&self, timeframes: &[Timeframe]) -> u64 {
        let mut clients = 0;
        for timeframe in timeframes {
            let reach = self.updates.publish(&ChartUpdatesMessage::ChartUpdate(update_of(*timeframe)));
            clients = reach.subscribers as u64;
        }
        clients
    }
}

/// The text for a chart.
pub(crate) fn update_of(timeframe: Timeframe) -> ChartUpdate {
    match timeframe {
        Timeframe::V2M => ChartUpdate::Chart2M,
        Timeframe::V5M => ChartUpdate::Chart5M,
        Timeframe::V15M => ChartUpdate::Chart15M,
        Timeframe::Zones => ChartUpdate::ChartZones,
    }
}

impl ChartsConnect for ChartsService {
    async fn chart_updates(&self, _: &Caller) -> Vec<ChartUpdatesMessage> {
        Timeframe::ALL
            .iter()
            .map(|timeframe| ChartUpdatesMessage::ChartUpdate(update_of(*timeframe)))
            .collect()
    }
}

impl ChartsRequests for ChartsService {
    async fn trigger_chart_update(
        &self,
        _: &Caller,
        payload: Trigger,
    ) -> Result<Broadcasted, TriggerChartUpdateError> {
        let timeframes = payload.timeframes.unwrap_or_else(|| payload.timeframe.into_iter().collect());
        let clients = self.broadcast(&timeframes);
        Ok(Broadcasted { status: Default::default(), timeframes, clients })
    }

    async fn refresh_chart(&self, _: &Caller, payload: Refresh) -> Result<Saved, RefreshChartError> {
        let timeframe = match payload.chart_type {
            RefreshChartType::Live => payload.timeframe,
            RefreshChartType::Zones => Timeframe::Zones,
        };
        let clients = self.broadcast(&[timeframe]);
        self.exporter.request(timeframe);
        Ok(Saved { status: Default::default(), timeframes: vec![timeframe], clients })
    }

    async fn picture(&self, _: &Caller, payload: Picture) -> Result<Content, PictureError> {
        let theme = if payload.theme == PictureTheme::Dark { Theme::Dark } else { Theme::Light };
        let path = self.exporter.path(payload.timeframe, theme, payload.scale);
        let message = "This chart has not been rendered yet".to_owned();
        tokio::fs::read(path).await.map(Content::new).map_err(|_| PictureError::NoPicture { message })
    }

    async fn status(&self, _: &Caller) -> Result<Status, StatusError> {
        let feed = self.ingest.feed.borrow().clone();
        let (exported, exports_failed) = self.exporter.counts();
        Ok(Status {
            market_open: self.hours.at(Timestamp::now()).is_open(),
            feed: feed.as_ref().map_or(StatusFeed::Connecting, |feed| state_of(feed.state)),
            provider: feed.and_then(|feed| feed.provider),
            symbol: self.symbol.clone(),
            frames_skipped: self.ingest.rejects.count(),
            exported,
            exports_failed,
        })
    }
}

fn state_of(state: FeedState) -> StatusFeed {
    match state {
        FeedState::Closed => StatusFeed::Closed,
        FeedState::Connecting => StatusFeed::Connecting,
        FeedState::Live => StatusFeed::Live,
        FeedState::Degraded => StatusFeed::Degraded,
        FeedState::TokenExpired => StatusFeed::TokenExpired,
        FeedState::Ended => StatusFeed::Ended,
    }
}
