# Components: agent, controller, ctl, tools (only where the tests are built). `cmake --install DIR --component tools` installs one alone.
include(GNUInstallDirs)
set(capmap_component_agent capmap-agent capmap-probe)
set(capmap_component_controller capmap-controller)
set(capmap_component_ctl capmapctl)
set(capmap_component_tools capmap-fleet)
foreach(component agent controller ctl tools)
  foreach(program ${capmap_component_${component}})
    if(TARGET ${program})
      install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${component})
    endif()
  endforeach()
endforeach()
install(FILES packaging/man/capmapctl.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT ctl)
install(FILES packaging/man/capmapctl.toml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT ctl)
install(FILES packaging/man/zh_CN/capmapctl.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/zh_CN/man1 COMPONENT ctl)
install(FILES packaging/completions/capmapctl DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT ctl)
install(FILES packaging/completions/_capmapctl DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT ctl)
install(FILES packaging/completions/capmapctl.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT ctl)
foreach(component agent controller)  # both read the catalog, and neither needs the other
  install(DIRECTORY schemas/catalog DESTINATION ${CMAKE_INSTALL_DATADIR}/capmap COMPONENT ${component})
  install(FILES packaging/man/capmap-${component}.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 COMPONENT ${component})
  install(FILES packaging/man/capmap-${component}.toml.5 packaging/man/capmap-catalog.5
          DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT ${component})
  install(FILES packaging/config/${component}.toml DESTINATION ${CMAKE_INSTALL_DATADIR}/capmap/config COMPONENT ${component})
  file(GLOB capmap_units CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/packaging/systemd/capmap-${component}*.service
    ${PROJECT_SOURCE_DIR}/packaging/systemd/capmap-${component}.path)
  install(FILES ${capmap_units} DESTINATION lib/systemd/system COMPONENT ${component})
  install(FILES packaging/sysusers.d/capmap-${component}.conf DESTINATION lib/sysusers.d COMPONENT ${component})
  install(FILES packaging/tmpfiles.d/capmap-${component}.conf DESTINATION lib/tmpfiles.d COMPONENT ${component})
endforeach()
install(FILES packaging/man/capmap-probe.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 COMPONENT agent)
install(FILES packaging/man/capmap-capture.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT agent)
install(FILES packaging/man/capmap-import.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT controller)
# The handbook and what it names; its pictures are for those who look at the source.
install(FILES packaging/doc/handbook.md packaging/doc/handbook.zh-CN.md packaging/doc/limits.md packaging/doc/columns.md
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/capmap-controller COMPONENT controller)
install(DIRECTORY packaging/examples DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/capmap-controller COMPONENT controller USE_SOURCE_PERMISSIONS)
# In force as installed: a vendor's nodes are there only where its cards are. The examples are not.
install(DIRECTORY packaging/systemd/capmap-agent.service.d DESTINATION lib/systemd/system COMPONENT agent)
install(DIRECTORY packaging/systemd/examples/ DESTINATION ${CMAKE_INSTALL_DATADIR}/capmap/systemd COMPONENT agent)
# For a Prometheus and a Grafana somewhere: nothing of it runs by itself.
install(DIRECTORY packaging/prometheus packaging/grafana DESTINATION ${CMAKE_INSTALL_DATADIR}/capmap COMPONENT controller
        FILES_MATCHING PATTERN "*.yml" PATTERN "*.json")
if(TARGET capmap-fleet)
  install(FILES tests/fleet/capmap-fleet.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT tools)
  install(PROGRAMS tests/fleet/make_sites.py tests/fleet/make_orders.py tests/fleet/sum_truth.py
          DESTINATION ${CMAKE_INSTALL_DATADIR}/capmap/fleet COMPONENT tools)
endif()
