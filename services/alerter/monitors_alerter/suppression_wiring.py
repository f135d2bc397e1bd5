"""Wiring of what holds alerts back."""

from monitors_contracts.inhibition import (
    CreateInhibition,
    DeleteInhibition,
    GetInhibition,
    InhibitionChanged,
    InhibitionDeleted,
    ListInhibitions,
    UpdateInhibition,
)
from monitors_contracts.maintenance import (
    CreateWindow,
    DeleteWindow,
    GetWindow,
    ListWindows,
    MaintenanceChanged,
    MaintenanceDeleted,
    PreviewWindow,
    UpdateWindow,
)
from monitors_contracts.silences import (
    CreateSilence,
    ExpireSilence,
    GetSilence,
    ListHeld,
    ListHoldings,
    ListSilences,
    PreviewMatchers,
    SilenceChanged,
    UpdateSilence,
)
from monitors_runtime.runtime import Service

from . import suppression_store
from .inhibiting import Inhibiting
from .maintaining import Maintaining
from .reminding import Reminding
from .settings import AlerterSettings
from .silencing import Silencing


def wire(service: Service, settings: AlerterSettings) -> None:
    """Silences, maintenance windows and inhibition rules, as parts of the alerter."""
    silencing = Silencing(service, settings)
    service.answer(CreateSilence, silencing.create_silence)
    service.answer(UpdateSilence, silencing.update_silence)
    service.answer(ExpireSilence, silencing.expire_silence)
    service.answer(GetSilence, silencing.get_silence)
    service.answer(ListSilences, silencing.list_silences)
    service.answer(PreviewMatchers, silencing.preview_matchers)
    service.answer(ListHeld, silencing.list_held)
    service.answer(ListHoldings, silencing.list_holdings)
    maintaining = Maintaining(service)
    service.answer(CreateWindow, maintaining.create_window)
    service.answer(UpdateWindow, maintaining.update_window)
    service.answer(DeleteWindow, maintaining.delete_window)
    service.answer(GetWindow, maintaining.get_window)
    service.answer(ListWindows, maintaining.list_windows)
    service.answer(PreviewWindow, maintaining.preview_window)
    inhibiting = Inhibiting(service)
    service.answer(CreateInhibition, inhibiting.create_inhibition)
    service.answer(UpdateInhibition, inhibiting.update_inhibition)
    service.answer(DeleteInhibition, inhibiting.delete_inhibition)
    service.answer(GetInhibition, inhibiting.get_inhibition)
    service.answer(ListInhibitions, inhibiting.list_inhibitions)
    service.project(
        SilenceChanged,
        MaintenanceChanged,
        MaintenanceDeleted,
        InhibitionChanged,
        InhibitionDeleted,
        apply=suppression_store.apply,
        tables=suppression_store.TABLES,
    )
    reminding = Reminding(service)
    service.on_start(reminding.periodic.start)
    service.on_stop(reminding.periodic.stop)
    service.expire(suppression_store.EXPIRE, suppression_store.EXPIRE_HELD, *suppression_store.EXPIRE_GONE)
